-- Tasks that wait for a worker. `due_at` is the later of `not_before` and the end of the lease under
-- which the task was last claimed from here, so that a claim finds the first due one at once. Times
-- are milliseconds since 1970 by the clock of the database.
CREATE TABLE queue (
    position INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL UNIQUE,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    FOREIGN KEY (task_id) REFERENCES tasks (task_id)
);
CREATE INDEX queue_by_due ON queue (due_at, position);

-- Events that were written together with what they tell, for whoever delivers them.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    event_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    delivered_at TIMESTAMP
);
CREATE INDEX outbox_undelivered ON outbox (position) WHERE delivered_at IS NULL;

CREATE TABLE migration_manifests (
    id TEXT PRIMARY KEY NOT NULL,
    from_version TEXT NOT NULL,
    to_version TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    manifest_uri TEXT NOT NULL,
    checksum TEXT NOT NULL,
    operation_count INTEGER NOT NULL,
    confidence_avg REAL NOT NULL,
    status TEXT NOT NULL,
    metadata TEXT
);
CREATE INDEX idx_manifests_versions ON migration_manifests (from_version, to_version);

CREATE TABLE manifest_operations (
    id TEXT PRIMARY KEY NOT NULL,
    manifest_id TEXT NOT NULL,
    operation_type TEXT NOT NULL,
    operation_data TEXT NOT NULL,
    confidence REAL NOT NULL,
    evidence TEXT NOT NULL,
    sequence_order INTEGER NOT NULL,
    FOREIGN KEY (manifest_id) REFERENCES migration_manifests (id)
);
CREATE INDEX idx_operations_manifest ON manifest_operations (manifest_id);

-- A manifest is a file that is handed on, and whoever applies it need not have put it into this
-- store; so there is no foreign key, and the id says which one it was all the same.
CREATE TABLE migration_applications (
    id TEXT PRIMARY KEY NOT NULL,
    manifest_id TEXT NOT NULL,
    package_name TEXT NOT NULL,
    applied_at TIMESTAMP NOT NULL,
    applied_by TEXT,
    success INTEGER NOT NULL,
    operations_applied INTEGER NOT NULL,
    operations_failed INTEGER NOT NULL,
    rollback_checkpoint TEXT,
    logs TEXT
);
CREATE INDEX idx_applications_package ON migration_applications (package_name);
