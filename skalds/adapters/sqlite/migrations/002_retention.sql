-- Whether the task has an idempotency key, so that tasks that must be kept longer stand apart in the index below.
ALTER TABLE run ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0;
UPDATE run SET keyed = 1 WHERE seq IN (SELECT seq FROM idempotency);

-- What is over, oldest first: forgetting costs by what is forgotten.
CREATE INDEX run_ended ON run (keyed, updated) WHERE final = 1;

-- Lanes that timers will stand in.
CREATE INDEX run_timer_lane ON run (lane) WHERE place = 2;
