PRAGMA journal_mode = WAL;
CREATE TABLE Tasks (id TEXT PRIMARY KEY, goal TEXT, details TEXT, status TEXT, metadata TEXT);
CREATE TABLE leases (task_id TEXT REFERENCES tasks (id), worker_id TEXT, expires_at TEXT);
CREATE TABLE notes (task_id TEXT REFERENCES tasks (id), note TEXT);
CREATE TRIGGER noted AFTER DELETE ON tasks BEGIN DELETE FROM notes; END;
INSERT INTO tasks VALUES ('T-1', 'Ship it', NULL, 'COMPLETED', NULL);
INSERT INTO leases VALUES ('T-1', 'w', 'never');
INSERT INTO notes VALUES ('T-1', 'stays');
