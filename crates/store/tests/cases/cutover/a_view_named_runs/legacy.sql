CREATE TABLE tasks (id TEXT PRIMARY KEY, goal TEXT, details TEXT, status TEXT, metadata TEXT);
CREATE VIEW runs AS SELECT id FROM tasks WHERE status = 'COMPLETED';
