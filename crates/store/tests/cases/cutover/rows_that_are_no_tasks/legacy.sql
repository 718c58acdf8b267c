-- Without a primary key, and a column of blobs: SQLite takes any value anywhere.
CREATE TABLE tasks (id, goal, details, status, metadata);
INSERT INTO tasks VALUES
    (NULL, 'nobody', NULL, 'COMPLETED', NULL),
    ('', 'empty', NULL, 'COMPLETED', NULL),
    ('../../outside', 'climbs', NULL, 'COMPLETED', NULL),
    ('has space', 'spaced', NULL, 'FAILED', NULL),
    (7, 'a number', NULL, 'COMPLETED', NULL),
    ('7', 'the same number', NULL, 'COMPLETED', NULL),
    (1.5, 'a fraction', NULL, 'TODO', NULL),
    (x'00ff', 'bytes', NULL, 'TODO', NULL),
    ('goal-of-bytes', x'c3', NULL, 'TODO', NULL),
    ('text-that-is-none', CAST(x'ff41' AS TEXT), NULL, 'TODO', NULL),
    (replace(hex(zeroblob(60)), '0', 'a'), 'long', NULL, 'TODO', NULL),
    ('good', 42, x'0102', 3, 4.5);
