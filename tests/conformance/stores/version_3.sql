-- SQLite dump (by APSW 3.54.1.0)
-- SQLite version 3.54.1
-- Tables like: (All)

-- The values of various per-database settings
PRAGMA page_size=4096;
-- PRAGMA encoding='UTF-8';
-- PRAGMA auto_vacuum=NONE;
-- PRAGMA max_page_count=4294967294;

BEGIN TRANSACTION;

-- Table  ageing
DROP TABLE IF EXISTS ageing;
CREATE TABLE ageing (
    step_ms INTEGER NOT NULL
) STRICT;
INSERT INTO ageing VALUES(60000);

-- Table  audit
DROP TABLE IF EXISTS audit;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;

-- Table  change
DROP TABLE IF EXISTS change;
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
    lane INTEGER NOT NULL,
    holds_slot INTEGER NOT NULL,
    ready INTEGER NOT NULL
) STRICT;
INSERT INTO change VALUES(1,'cancelled',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(2,'plain-0',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(3,'plain-1',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(4,'plain-2',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(5,'plain-3',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(6,'north',1,0,'Created',0,0,NULL,0,2,0,1);
INSERT INTO change VALUES(7,'timed',1,0,'Created',0,0,NULL,0,1,0,0);
INSERT INTO change VALUES(8,'blocked',1,0,'Created',0,0,NULL,0,1,0,0);
INSERT INTO change VALUES(9,'forsaken',1,0,'Created',0,0,NULL,0,1,0,0);
INSERT INTO change VALUES(10,'over',1,0,'Created',0,0,NULL,0,3,0,1);
INSERT INTO change VALUES(11,'plain-0',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(12,'plain-1',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(13,'over',1,1,'Assigning',0,1,'node-1',1,3,1,0);
INSERT INTO change VALUES(14,'plain-1',1,2,'Running',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(15,'over',1,2,'Finished',1,1,'node-1',1,0,0,0);
INSERT INTO change VALUES(16,'cancelled',1,1,'Cancelled',1,0,NULL,0,0,0,0);

-- Table  class
DROP TABLE IF EXISTS class;
CREATE TABLE class (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO class VALUES(1,'Demo');

-- Table  dependency
DROP TABLE IF EXISTS dependency;
CREATE TABLE dependency (
    child INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (child, parent)
) STRICT, WITHOUT ROWID;
INSERT INTO dependency VALUES(8,5,0);
INSERT INTO dependency VALUES(9,1,1);
-- Triggers and indices on  dependency
CREATE INDEX dependency_by_parent ON dependency (parent);

-- Table  idempotency
DROP TABLE IF EXISTS idempotency;
CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

-- Table  lane
DROP TABLE IF EXISTS lane;
CREATE TABLE lane (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    reason TEXT,
    ready INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0,
    live INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO lane VALUES(1,'["default","Demo",0,[],[],1,[0,0,0],null,null,false]','default',NULL,2,5,2);
INSERT INTO lane VALUES(2,'["north","Demo",0,[["zone","1"]],[],1,[0,0,0],null,null,false]','north','no_free_slot',1,1,0);
INSERT INTO lane VALUES(3,'["south","Demo",0,[],[],1,[0,0,0],null,null,false]','south',NULL,0,0,0);
-- Triggers and indices on  lane
CREATE INDEX lane_by_tenant ON lane (tenant);

-- Table  lease
DROP TABLE IF EXISTS lease;
CREATE TABLE lease (
    duty TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    term INTEGER NOT NULL,
    renewals INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO lease VALUES('dispatcher','controller-1',1,0,0);

-- Table  node
DROP TABLE IF EXISTS node;
CREATE TABLE node (
    session INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    registered_at INTEGER NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
, leaving INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO node VALUES(1,'node-1',1750000000000,0,'{"mode":"node","classes":["Demo"],"slots":2,"labels":{},"resources":{},"schemas":{},"facts":{},"protocol":1,"reserved":[0,0]}',0);

-- Table  queue
DROP TABLE IF EXISTS queue;
CREATE TABLE queue (
    lane INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL, affinity TEXT,
    PRIMARY KEY (lane, rank, id)
) STRICT, WITHOUT ROWID;
INSERT INTO queue VALUES(1,1749999999992,'plain-2',4,0,NULL);
INSERT INTO queue VALUES(1,1749999999993,'plain-3',5,0,NULL);
INSERT INTO queue VALUES(2,1750000000000,'north',6,0,'aff');

-- Table  report
DROP TABLE IF EXISTS report;
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

-- Table  run
DROP TABLE IF EXISTS run;
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
, keyed INTEGER NOT NULL DEFAULT 0, deadline INTEGER, affinity TEXT, leave_for TEXT) STRICT;
INSERT INTO run VALUES(1,1,1750000000000,2000,1,'Cancelled',1,0,0,0,0,0,0,1750000000000,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO run VALUES(2,1,1750000000000,1000,1,'Assigning',0,1,0,0,0,0,0,1749999999990,0,1,1749999999990,NULL,NULL,'node-1','node-1',1,1,1000,6000,'claim-1',0,NULL,NULL,NULL);
INSERT INTO run VALUES(3,1,1750000000000,2000,2,'Running',0,1,0,0,0,0,0,1749999999991,0,1,NULL,NULL,NULL,'node-1','node-1',1,1,1000,6000,'claim-1',0,NULL,NULL,NULL);
INSERT INTO run VALUES(4,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1749999999992,1,1,1749999999992,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO run VALUES(5,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1749999999993,1,1,1749999999993,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO run VALUES(6,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,1,2,1750000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'aff',NULL);
INSERT INTO run VALUES(7,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750009000000,2,1,1750009000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO run VALUES(8,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,3,1,1750000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO run VALUES(9,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,4,1,1750000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO run VALUES(10,1,1750000000000,2000,2,'Finished',1,1,0,0,0,0,0,1750000000000,0,NULL,NULL,NULL,9,'node-1','node-1',1,1,1000,6000,'claim-1',0,NULL,NULL,NULL);
-- Triggers and indices on  run
CREATE INDEX run_by_class ON run (class, created);
CREATE INDEX run_by_executor ON run (executor, created) WHERE executor IS NOT NULL;
CREATE INDEX run_by_status ON run (status, created);
CREATE INDEX run_deadline ON run (deadline) WHERE place <> 0 AND deadline IS NOT NULL;
CREATE INDEX run_ended ON run (keyed, updated) WHERE final = 1;
CREATE INDEX run_forsaken ON run (seq) WHERE place = 4;
CREATE INDEX run_live ON run (executor, session)
    WHERE executor IS NOT NULL AND attempt > 0 AND released_at IS NULL;
CREATE INDEX run_newest ON run (created);
CREATE INDEX run_timer ON run (eligible_at) WHERE place = 2;

-- Table  setting
DROP TABLE IF EXISTS setting;
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Table  tally
DROP TABLE IF EXISTS tally;
CREATE TABLE tally (
    name TEXT PRIMARY KEY,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tally VALUES('Assigning',1);
INSERT INTO tally VALUES('Cancelled',1);
INSERT INTO tally VALUES('Created',6);
INSERT INTO tally VALUES('Finished',1);
INSERT INTO tally VALUES('Running',1);
INSERT INTO tally VALUES('ready',3);

-- Table  task
DROP TABLE IF EXISTS task;
CREATE TABLE task (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
) STRICT;
INSERT INTO task VALUES(1,'cancelled','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(2,'plain-0','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(3,'plain-1','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(4,'plain-2','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(5,'plain-3','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(6,'north','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"north","slots":1,"requires":{"zone":"1"},"affinity_key":"aff","exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(7,'timed','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"not_before":1750009000000,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(8,'blocked','{"class_name":"Demo","source":"test","dependencies":["plain-3"],"mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(9,'forsaken','{"class_name":"Demo","source":"test","dependencies":["cancelled"],"mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(10,'over','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"south","slots":1,"exclusive":false,"preemptible":false}');

-- For primary key autoincrements the next id to use is stored in
-- sqlite_sequence
DELETE FROM main.sqlite_sequence WHERE name='change';
INSERT INTO main.sqlite_sequence VALUES ('change', 16);
DELETE FROM main.sqlite_sequence WHERE name='lane';
INSERT INTO main.sqlite_sequence VALUES ('lane', 3);
DELETE FROM main.sqlite_sequence WHERE name='node';
INSERT INTO main.sqlite_sequence VALUES ('node', 1);

-- Database header
pragma user_version=3;

COMMIT TRANSACTION;
