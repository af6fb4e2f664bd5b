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
    slots INTEGER NOT NULL,
    holds_slot INTEGER NOT NULL,
    ready INTEGER NOT NULL
) STRICT;
INSERT INTO change VALUES(1,'plain',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(2,'urgent',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(3,'urgent-too',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(4,'rich',1,0,'Created',0,0,NULL,0,2,0,1);
INSERT INTO change VALUES(5,'pinned',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(6,'timed',1,0,'Created',0,0,NULL,0,1,0,0);
INSERT INTO change VALUES(7,'running',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(8,'assigned',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(9,'cancelled-live',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(10,'failed-waits',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(11,'paused',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(12,'finished',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(13,'active',1,0,'Created',0,0,NULL,0,1,0,0);
INSERT INTO change VALUES(14,'running',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(15,'assigned',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(16,'cancelled-live',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(17,'failed-waits',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(18,'finished',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(19,'running',1,2,'Running',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(20,'cancelled-live',1,2,'Cancelled',1,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(21,'failed-waits',1,2,'Failed',0,1,NULL,1,1,0,0);
INSERT INTO change VALUES(22,'finished',1,2,'Finished',1,1,'node-1',1,1,0,0);
INSERT INTO change VALUES(23,'paused',1,1,'Paused',0,0,NULL,0,1,0,0);

-- Table  class
DROP TABLE IF EXISTS class;
CREATE TABLE class (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO class VALUES(1,'Demo');

-- Table  idempotency
DROP TABLE IF EXISTS idempotency;
CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency VALUES('north','k1','e9de3627fdc7504711cee0e99395a35020d3419f8515cb06aca8c862f3271ad6',4);

-- Table  lane
DROP TABLE IF EXISTS lane;
CREATE TABLE lane (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    reason TEXT
) STRICT;
INSERT INTO lane VALUES(1,'["default","Demo",[],1,"",null,null,false]','no_node_online');
INSERT INTO lane VALUES(2,'["north","Demo",[["zone","a"]],2,"{\"cpu\":0.5,\"gpu\":1}","key",null,false]',NULL);
INSERT INTO lane VALUES(3,'["default","Demo",[],1,"",null,"node-2",false]',NULL);
INSERT INTO lane VALUES(4,'["north","Demo",[["zone","a"]],1,"{\"cpu\":0.5,\"gpu\":1}",null,null,false]',NULL);

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
) STRICT;
INSERT INTO node VALUES(1,'node-1',1,0,'{"mode":"node","classes":["Demo"],"slots":2,"labels":{},"resources":{},"schemas":{},"facts":{},"protocol":1}');
INSERT INTO node VALUES(2,'node-2',2,0,'{"mode":"node","classes":["Demo"],"slots":2,"labels":{},"resources":{},"schemas":{},"facts":{},"protocol":1}');

-- Table  queue
DROP TABLE IF EXISTS queue;
CREATE TABLE queue (
    lane INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (lane, rank, id)
) STRICT, WITHOUT ROWID;
INSERT INTO queue VALUES(1,1749999760010,'failed-waits',10,1);
INSERT INTO queue VALUES(1,1749999820000,'urgent',2,0);
INSERT INTO queue VALUES(1,1749999820000,'urgent-too',3,0);
INSERT INTO queue VALUES(1,1750000000000,'plain',1,0);
INSERT INTO queue VALUES(2,1750000000000,'rich',4,0);
INSERT INTO queue VALUES(3,1750000000000,'pinned',5,0);

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
INSERT INTO report VALUES(12,NULL,NULL,'7',NULL,NULL,NULL,NULL);

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
, keyed INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO run VALUES(1,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,1,1,1,1750000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO run VALUES(2,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,1,1,1,1749999820000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO run VALUES(3,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,1,1,1,1749999820000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO run VALUES(4,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,2,1,2,1750000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO run VALUES(5,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,1,1,3,1750000000000,'node-2',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO run VALUES(6,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000005000,1,2,1,1749999945000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO run VALUES(7,1,1750000000000,2000,2,'Running',0,1,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,NULL,'node-1','node-1',1,1,1000,6000,'claim-1',0);
INSERT INTO run VALUES(8,1,1750000000000,1000,1,'Assigning',0,1,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,NULL,'node-1','node-1',1,1,1000,6000,'claim-1',0);
INSERT INTO run VALUES(9,1,1750000000000,2000,2,'Cancelled',1,1,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,NULL,'node-1','node-1',1,1,1000,6000,'claim-1',0);
INSERT INTO run VALUES(10,1,1750000000000,2000,2,'Failed',0,1,1,0,0,0,0,1750000000010,1,1,1,1749999760010,NULL,9,NULL,'node-1',1,1,1000,6000,'claim-1',0);
INSERT INTO run VALUES(11,1,1750000000000,2000,1,'Paused',0,0,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO run VALUES(12,1,1750000000000,2000,2,'Finished',1,1,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,9,'node-1','node-1',1,1,1000,6000,'claim-1',0);
INSERT INTO run VALUES(13,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
-- Triggers and indices on  run
CREATE INDEX run_by_class ON run (class, created);
CREATE INDEX run_by_executor ON run (executor, created) WHERE executor IS NOT NULL;
CREATE INDEX run_by_status ON run (status, created);
CREATE INDEX run_ended ON run (keyed, updated) WHERE final = 1;
CREATE INDEX run_live ON run (executor, session)
    WHERE executor IS NOT NULL AND attempt > 0 AND released_at IS NULL;
CREATE INDEX run_newest ON run (created);
CREATE INDEX run_timer ON run (eligible_at) WHERE place = 2;
CREATE INDEX run_timer_lane ON run (lane) WHERE place = 2;

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
INSERT INTO tally VALUES('Created',7);
INSERT INTO tally VALUES('Failed',1);
INSERT INTO tally VALUES('Finished',1);
INSERT INTO tally VALUES('Paused',1);
INSERT INTO tally VALUES('Running',1);
INSERT INTO tally VALUES('ready',6);

-- Table  task
DROP TABLE IF EXISTS task;
CREATE TABLE task (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
) STRICT;
INSERT INTO task VALUES(1,'plain','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(2,'urgent','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":3,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(3,'urgent-too','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":3,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(4,'rich','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"north","slots":2,"resources":{"cpu":0.5,"gpu":1},"requires":{"zone":"a"},"prefers":{"disk":"ssd"},"concurrency_key":"key","affinity_key":"aff","exclusive":false,"preemptible":true,"idempotency_key":"k1"}');
INSERT INTO task VALUES(5,'pinned','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(6,'timed','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":1,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"not_before":1750000005000,"timeout_ms":0,"tenant":"default","slots":1,"affinity_key":"aff-2","exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(7,'running','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":2,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"north","slots":1,"resources":{"cpu":0.5,"gpu":1},"requires":{"zone":"a"},"prefers":{"disk":"ssd"},"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(8,'assigned','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(9,'cancelled-live','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(10,'failed-waits','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":4,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(11,'paused','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":5,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(12,'finished','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(13,'active','{"class_name":"Demo","source":"test","mode":"Active","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');

-- For primary key autoincrements the next id to use is stored in
-- sqlite_sequence
DELETE FROM main.sqlite_sequence WHERE name='change';
INSERT INTO main.sqlite_sequence VALUES ('change', 23);
DELETE FROM main.sqlite_sequence WHERE name='node';
INSERT INTO main.sqlite_sequence VALUES ('node', 2);

-- Database header
pragma user_version=2;

COMMIT TRANSACTION;
