CREATE TABLE tasks (
    task_id TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    objective TEXT,
    status TEXT NOT NULL CHECK (status IN ('TODO', 'IN_PROGRESS', 'DONE', 'ARCHIVED')),
    created_at TIMESTAMP,
    metadata TEXT NOT NULL DEFAULT '{}',
    schema_version INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE runs (
    run_id TEXT PRIMARY KEY NOT NULL,
    task_id TEXT NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('PLANNING', 'EXECUTING', 'VERIFYING', 'SUCCESS', 'FAILED')),
    run_path TEXT NOT NULL,
    artifact_summary TEXT NOT NULL DEFAULT '{}',
    created_at TIMESTAMP,
    FOREIGN KEY (task_id) REFERENCES tasks (task_id)
);
CREATE INDEX runs_by_task ON runs (task_id);

-- Times are milliseconds since 1970 by the clock of the database. The fence stays when a lease is
-- given back, so that it never counts backwards.
CREATE TABLE leases (
    task_id TEXT PRIMARY KEY NOT NULL,
    worker_id TEXT,
    fence INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (task_id) REFERENCES tasks (task_id)
);

CREATE TABLE counters (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL);

CREATE TABLE properties (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);

-- Rows of a table of the old form that are no tasks, as they were.
CREATE TABLE set_aside (position INTEGER PRIMARY KEY, reason TEXT NOT NULL, row TEXT NOT NULL);
