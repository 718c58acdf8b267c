CREATE TABLE tasks (name TEXT, done INTEGER);
