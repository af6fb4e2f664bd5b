-- Lanes say more (priority, preferred labels, resources as numbers) and carry their counts; their numbers go on where
-- those before ended, and are never given again. The step that calls this file fills the table.
ALTER TABLE lane RENAME TO lane_before;
CREATE TABLE lane (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    reason TEXT,
    ready INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    live INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX lane_by_tenant ON lane (tenant);
INSERT INTO sqlite_sequence (name, seq) SELECT 'lane', max(id) FROM lane_before HAVING max(id) IS NOT NULL;
DROP TABLE lane_before;

-- `place` is 0 nowhere, 1 in the queue, 2 among the timers, 3 behind others, 4 behind one that will not be Finished;
-- lane and rank are kept as long as a task waits or holds a slot. What a lane takes is said by its key.
DROP INDEX run_timer_lane;
ALTER TABLE run DROP COLUMN slots;
ALTER TABLE run ADD COLUMN deadline INTEGER;
ALTER TABLE run ADD COLUMN affinity TEXT;
ALTER TABLE run ADD COLUMN leave_for TEXT;
UPDATE run SET
    deadline = nullif(task.body ->> 'deadline_date_time', 0),
    affinity = task.body ->> 'affinity_key'
FROM task WHERE task.seq = run.seq AND (
    task.body ->> 'deadline_date_time' IS NOT NULL OR task.body ->> 'affinity_key' IS NOT NULL
);
CREATE INDEX run_deadline ON run (deadline) WHERE place <> 0 AND deadline IS NOT NULL;
CREATE INDEX run_forsaken ON run (seq) WHERE place = 4;

ALTER TABLE queue ADD COLUMN affinity TEXT;

-- What a task still has to wait for: a row per task it depends on, until that is Finished. `failed`: it will not be.
-- A `parent` of 0 is one that was forgotten.
CREATE TABLE dependency (
    child INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (child, parent)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependency_by_parent ON dependency (parent);

-- Versions of before name no lane.
ALTER TABLE change RENAME COLUMN slots TO lane;
UPDATE change SET lane = 0;

ALTER TABLE node ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0;

-- Who changed what.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;
