-- What the submitter gave; written once, read when a task is shown or started.
CREATE TABLE task (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
) STRICT;

-- Names of worker classes, so that narrow rows hold a number.
CREATE TABLE class (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Where a task stands: narrow, because every step of its life rewrites this row.
-- `place` is 0 nowhere, 1 in the queue, 2 among the timers; lane and rank are those of its latest wait.
CREATE TABLE run (
    seq INTEGER PRIMARY KEY,
    class INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    status TEXT NOT NULL,
    final INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    losses INTEGER NOT NULL,
    refusals INTEGER NOT NULL,
    requeues INTEGER NOT NULL,
    attachments_rev INTEGER NOT NULL,
    eligible_at INTEGER NOT NULL,
    slots INTEGER NOT NULL,
    place INTEGER NOT NULL,
    lane INTEGER,
    rank INTEGER,
    pinned_to TEXT,
    released_at INTEGER,
    executor TEXT,
    assigned_to TEXT,
    session INTEGER,
    term INTEGER,
    assigned_at INTEGER,
    accept_by INTEGER,
    assignment TEXT
) STRICT;
CREATE INDEX run_newest ON run (created);
CREATE INDEX run_by_class ON run (class, created);
CREATE INDEX run_by_status ON run (status, created);
CREATE INDEX run_by_executor ON run (executor, created) WHERE executor IS NOT NULL;
CREATE INDEX run_live ON run (executor, session)
    WHERE executor IS NOT NULL AND attempt > 0 AND released_at IS NULL;
CREATE INDEX run_timer ON run (eligible_at) WHERE place = 2;

-- What runs reported: wide and rarely written; a row only where there is something.
CREATE TABLE report (
    seq INTEGER PRIMARY KEY,
    attachments TEXT,
    progress TEXT,
    result TEXT,
    error TEXT,
    checkpoint TEXT,
    usage TEXT,
    runs TEXT
) STRICT;

-- Exactly the tasks that could run now, in order of dispatch within their lane.
CREATE TABLE queue (
    lane INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (lane, rank, id)
) STRICT, WITHOUT ROWID;

-- What all ranks in the file were computed with, so that no process can use another value.
CREATE TABLE ageing (
    step_ms INTEGER NOT NULL
) STRICT;

-- Lane keys, and why the lane waited in the latest pass.
CREATE TABLE lane (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    reason TEXT
) STRICT;

-- How many tasks have each status, and how many are ready: kept in the transaction that changes them.
CREATE TABLE tally (
    name TEXT PRIMARY KEY,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The feed: one row per committed version of a task.
CREATE TABLE change (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    class INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    status TEXT NOT NULL,
    final INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    executor TEXT,
    session INTEGER NOT NULL,
    slots INTEGER NOT NULL,
    holds_slot INTEGER NOT NULL,
    ready INTEGER NOT NULL
) STRICT;

-- Idempotency keys with a digest of the fields that were submitted under them.
CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

-- The latest registration of each node; AUTOINCREMENT makes every session greater than any before, on any node.
CREATE TABLE node (
    session INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    registered_at INTEGER NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE lease (
    duty TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    term INTEGER NOT NULL,
    renewals INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
