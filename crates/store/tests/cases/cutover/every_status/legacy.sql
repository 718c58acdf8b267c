CREATE TABLE tasks (
    id TEXT PRIMARY KEY,
    goal TEXT,
    details TEXT,
    status TEXT,
    metadata TEXT
);
INSERT INTO tasks VALUES
    ('T-1', 'Ship the parser', 'all of it', 'COMPLETED', '{"owner": "ada", "tries": 2}'),
    ('T-2', 'Ship the printer', NULL, 'FAILED', NULL),
    ('T-3', 'Ship the linker', 'later', 'IN_PROGRESS', '{}'),
    ('T-4', 'Ship the loader', NULL, 'PENDING', 'not json'),
    ('T-5', NULL, NULL, NULL, '{"twice": 1, "twice": 2}'),
    ('T-6', 'Ship the manual', NULL, 'completed', NULL),
    ('T-7', 'Ship the tests', NULL, 'COMPLETED', NULL);
