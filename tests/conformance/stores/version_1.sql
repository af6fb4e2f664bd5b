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
CREATE TABLE ageing (
    step_ms INTEGER NOT NULL
) STRICT;
INSERT INTO ageing VALUES(60000);

-- Table  change
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
INSERT INTO change VALUES(1,'waiting',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(2,'timed',1,0,'Created',0,0,NULL,0,1,0,0);
INSERT INTO change VALUES(3,'keyed',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(4,'running',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(5,'finished',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(6,'failed',2,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(7,'cancelled',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(8,'assigned',1,0,'Created',0,0,NULL,0,1,0,1);
INSERT INTO change VALUES(9,'running',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(10,'finished',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(11,'failed',2,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(12,'assigned',1,1,'Assigning',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(13,'running',1,2,'Running',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(14,'finished',1,2,'Running',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(15,'failed',2,2,'Running',0,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(16,'finished',1,3,'Finished',1,1,'node-1',1,1,1,0);
INSERT INTO change VALUES(17,'failed',2,3,'Failed',1,1,'node-1',1,1,0,0);
INSERT INTO change VALUES(18,'finished',1,4,'Finished',1,1,'node-1',1,1,0,0);
INSERT INTO change VALUES(19,'cancelled',1,1,'Cancelled',1,0,NULL,0,1,0,0);

-- Table  class
CREATE TABLE class (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO class VALUES(1,'Demo');
INSERT INTO class VALUES(2,'Other');

-- Table  idempotency
CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency VALUES('default','key-2','e87b379e209b63bde3e9196fa1911069cb96ab66db24629c985edf74f4a7f725',5);
INSERT INTO idempotency VALUES('north','key-1','66771be50f2247a970957aef4eec0cee75a53169fb033df42dfaa1632b9fabf0',3);

-- Table  lane
CREATE TABLE lane (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    reason TEXT
) STRICT;
INSERT INTO lane VALUES(1,'["default","Demo",[],1,"",null,null,false]','no_node_online');
INSERT INTO lane VALUES(2,'["north","Demo",[],1,"",null,null,false]',NULL);
INSERT INTO lane VALUES(3,'["default","Other",[],1,"",null,null,false]',NULL);
INSERT INTO lane VALUES(4,'["default","Demo",[["disk","ssd"]],1,"",null,null,false]',NULL);

-- Table  lease
CREATE TABLE lease (
    duty TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    term INTEGER NOT NULL,
    renewals INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO lease VALUES('dispatcher','controller-1',1,0,5);
INSERT INTO lease VALUES('monitor','controller-1',1,0,5);

-- Table  node
CREATE TABLE node (
    session INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    registered_at INTEGER NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL
) STRICT;
INSERT INTO node VALUES(1,'node-1',1,0,'{"mode":"node","classes":["Demo"],"slots":2,"labels":{},"resources":{},"schemas":{},"facts":{},"protocol":1}');
INSERT INTO node VALUES(2,'node-2',2,1,'{"mode":"node","classes":["Demo"],"slots":2,"labels":{},"resources":{},"schemas":{},"facts":{},"protocol":1}');

-- Table  queue
CREATE TABLE queue (
    lane INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (lane, rank, id)
) STRICT, WITHOUT ROWID;
INSERT INTO queue VALUES(1,1749999820000,'waiting',1,0);
INSERT INTO queue VALUES(2,1750000000000,'keyed',3,0);

-- Table  report
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
INSERT INTO report VALUES(4,NULL,NULL,NULL,NULL,NULL,NULL,'[{"attempt":1,"node":"node-1","submitted":1750000000000,"assigned":1750000000000,"accepted":1750000000010,"running":null,"finished":null,"outcome":null,"usage":null}]');
INSERT INTO report VALUES(5,NULL,NULL,'{"lines":7}',NULL,NULL,NULL,'[{"attempt":1,"node":"node-1","submitted":1750000000000,"assigned":1750000000000,"accepted":1750000000010,"running":1750000000020,"finished":1750000000800,"outcome":"finished","usage":null}]');
INSERT INTO report VALUES(6,NULL,NULL,NULL,'{"type":"ValueError","message":"bad é","traceback":""}',NULL,NULL,'[{"attempt":1,"node":"node-1","submitted":1750000000000,"assigned":1750000000000,"accepted":1750000000010,"running":null,"finished":null,"outcome":null,"usage":null}]');

-- Table  run
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
INSERT INTO run VALUES(1,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,1,1,1,1749999820000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO run VALUES(2,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750001000000,1,2,1,1750001000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO run VALUES(3,1,1750000000000,1750000000000,0,'Created',0,0,0,0,0,0,0,1750000000000,1,1,2,1750000000000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO run VALUES(4,1,1750000000000,1750000000010,2,'Running',0,1,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,NULL,'node-1','node-1',1,1,1750000000000,1750000005000,'claim-1');
INSERT INTO run VALUES(5,1,1750000000000,1750000000901,4,'Finished',1,1,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,1750000000901,'node-1','node-1',1,1,1750000000000,1750000005000,'claim-1');
INSERT INTO run VALUES(6,2,1750000000000,1750000000900,3,'Failed',1,1,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,1750000000900,'node-1','node-1',1,1,1750000000000,1750000005000,'claim-1');
INSERT INTO run VALUES(7,1,1750000000000,1750000000005,1,'Cancelled',1,0,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO run VALUES(8,1,1750000000000,1750000000000,1,'Assigning',0,1,0,0,0,0,0,1750000000000,1,0,NULL,NULL,NULL,NULL,'node-1','node-1',1,1,1750000000000,1750000005000,'claim-1');
-- Triggers and indices on  run
CREATE INDEX run_by_class ON run (class, created);
CREATE INDEX run_by_executor ON run (executor, created) WHERE executor IS NOT NULL;
CREATE INDEX run_by_status ON run (status, created);
CREATE INDEX run_live ON run (executor, session)
    WHERE executor IS NOT NULL AND attempt > 0 AND released_at IS NULL;
CREATE INDEX run_newest ON run (created);
CREATE INDEX run_timer ON run (eligible_at) WHERE place = 2;

-- Table  setting
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO setting VALUES('dispatcher.strategy','RANDOM');

-- Table  tally
CREATE TABLE tally (
    name TEXT PRIMARY KEY,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tally VALUES('Assigning',1);
INSERT INTO tally VALUES('Cancelled',1);
INSERT INTO tally VALUES('Created',3);
INSERT INTO tally VALUES('Failed',1);
INSERT INTO tally VALUES('Finished',1);
INSERT INTO tally VALUES('Running',1);
INSERT INTO tally VALUES('ready',2);

-- Table  task
CREATE TABLE task (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
) STRICT;
INSERT INTO task VALUES(1,'waiting','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":3,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(2,'timed','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"not_before":1750001000000,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(3,'keyed','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"north","slots":1,"exclusive":false,"preemptible":false,"idempotency_key":"key-1"}');
INSERT INTO task VALUES(4,'running','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"attachments":{"paths":["a.log","b.log"]},"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(5,'finished','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false,"idempotency_key":"key-2"}');
INSERT INTO task VALUES(6,'failed','{"class_name":"Other","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(7,'cancelled','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"requires":{"disk":"ssd"},"exclusive":false,"preemptible":false}');
INSERT INTO task VALUES(8,'assigned','{"class_name":"Demo","source":"test","mode":"Passive","is_persistent":true,"priority":0,"max_attempts":3,"retry_delay_ms":1000,"retry_backoff":2.0,"timeout_ms":0,"tenant":"default","slots":1,"exclusive":false,"preemptible":false}');

-- For primary key autoincrements the next id to use is stored in
-- sqlite_sequence
DELETE FROM main.sqlite_sequence WHERE name='change';
INSERT INTO main.sqlite_sequence VALUES ('change', 19);
DELETE FROM main.sqlite_sequence WHERE name='node';
INSERT INTO main.sqlite_sequence VALUES ('node', 2);

-- Database header
pragma user_version=1;

COMMIT TRANSACTION;
