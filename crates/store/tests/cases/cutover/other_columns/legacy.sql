CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    goal TEXT,
    details TEXT,
    status TEXT,
    metadata TEXT,
    created_at TIMESTAMP,
    priority INTEGER,
    "odd ""name" TEXT
);
INSERT INTO tasks VALUES
    ('A', 'one', NULL, 'COMPLETED', NULL, '2024-05-06 07:08:09', 3, 'kept'),
    ('B', 'two', NULL, 'FAILED', NULL, '2024-05-06T07:08:09Z', NULL, NULL),
    ('C', 'three', NULL, 'FAILED', NULL, 1714979289, NULL, NULL),
    ('D', 'four', NULL, 'FAILED', NULL, 'last Tuesday', NULL, NULL),
    ('E', 'five', NULL, 'FAILED', NULL, NULL, NULL, NULL);
