CREATE TABLE tasks (
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    task_id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    objective TEXT,
    status TEXT NOT NULL CHECK (status IN ('TODO', 'IN_PROGRESS', 'DONE', 'ARCHIVED')),
    created_at TIMESTAMPTZ,
    metadata TEXT NOT NULL DEFAULT '{}',
    schema_version BIGINT NOT NULL DEFAULT 1
);

CREATE TABLE runs (
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id TEXT PRIMARY KEY,
    task_id TEXT NOT NULL REFERENCES tasks (task_id),
    status TEXT NOT NULL
        CHECK (status IN ('PLANNING', 'EXECUTING', 'VERIFYING', 'SUCCESS', 'FAILED')),
    run_path TEXT NOT NULL,
    artifact_summary TEXT NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ
);
CREATE INDEX runs_by_task ON runs (task_id);

-- Times are milliseconds since 1970 by the clock of the database. The fence stays when a lease is
-- given back, so that it never counts backwards. Rows of this table and of the queue change all the
-- time, so their pages keep room for that.
CREATE TABLE leases (
    task_id TEXT PRIMARY KEY REFERENCES tasks (task_id),
    worker_id TEXT,
    fence BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);

-- Tasks that wait for a worker. `due_at` is the later of `not_before` and the end of the lease under
-- which the task was last claimed from here, so that a claim finds the first due one at once.
CREATE TABLE queue (
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    task_id TEXT PRIMARY KEY REFERENCES tasks (task_id),
    attempts BIGINT NOT NULL DEFAULT 0,
    not_before BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);
CREATE INDEX queue_by_due ON queue (due_at, position);

-- Events that were written together with what they tell, for whoever delivers them.
CREATE TABLE outbox (
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    event_id UUID PRIMARY KEY,
    topic TEXT NOT NULL,
    event_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    delivered_at TIMESTAMPTZ
);
CREATE INDEX outbox_undelivered ON outbox (position) WHERE delivered_at IS NULL;

CREATE TABLE migration_manifests (
    id UUID PRIMARY KEY,
    from_version VARCHAR(50) NOT NULL,
    to_version VARCHAR(50) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    manifest_uri VARCHAR(500) NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    operation_count INT NOT NULL,
    confidence_avg FLOAT NOT NULL,
    status VARCHAR(20) NOT NULL,
    metadata JSONB
);
CREATE INDEX idx_manifests_versions ON migration_manifests (from_version, to_version);

CREATE TABLE manifest_operations (
    id UUID PRIMARY KEY,
    manifest_id UUID NOT NULL REFERENCES migration_manifests (id),
    operation_type VARCHAR(50) NOT NULL,
    operation_data JSONB NOT NULL,
    confidence FLOAT NOT NULL,
    evidence JSONB NOT NULL,
    sequence_order INT NOT NULL
);
CREATE INDEX idx_operations_manifest ON manifest_operations (manifest_id);

-- A manifest is a file that is handed on, and whoever applies it need not have put it into this
-- store; so there is no foreign key, and the id says which one it was all the same.
CREATE TABLE migration_applications (
    id UUID PRIMARY KEY,
    manifest_id UUID NOT NULL,
    package_name VARCHAR(200) NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL,
    applied_by VARCHAR(100),
    success BOOLEAN NOT NULL,
    operations_applied INT NOT NULL,
    operations_failed INT NOT NULL,
    rollback_checkpoint VARCHAR(500),
    logs JSONB
);
CREATE INDEX idx_applications_package ON migration_applications (package_name);
