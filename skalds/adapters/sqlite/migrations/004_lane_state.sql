-- What changes of a lane with every claim stands in narrow rows: a claim of 4,000 tasks comes from as many lanes, and
-- the counts of 10,000 fit on a few dozen pages.
--
-- An entry of the queue may stay when its task was given away, until so many of its lane have that they are worth the
-- page: `left_over` says how many there are at most, `left_over_to` up to which rank. Where neither is set every entry
-- is that of a ready task; else the row of the task says whether it is.
CREATE TABLE lane_state (
    lane INTEGER PRIMARY KEY,
    ready INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    live INTEGER NOT NULL DEFAULT 0,
    left_over INTEGER NOT NULL DEFAULT 0,
    left_over_to INTEGER,
    reason TEXT
) STRICT;
INSERT INTO lane_state (lane, ready, waiting, live, reason) SELECT id, ready, waiting, live, reason FROM lane;
ALTER TABLE lane DROP COLUMN ready;
ALTER TABLE lane DROP COLUMN waiting;
ALTER TABLE lane DROP COLUMN live;
ALTER TABLE lane DROP COLUMN reason;

-- The greatest number of a task that was forgotten: none is given twice, for an entry of the queue may outlive its task.
CREATE TABLE forgotten (
    last_seq INTEGER NOT NULL
) STRICT;
INSERT INTO forgotten (last_seq) VALUES (0);

-- How many are ready is said by the lanes alone.
DELETE FROM tally WHERE name = 'ready';
