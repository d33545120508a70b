-- How often steps of a run went on with an element that was found another way than the workflow says. Few
-- runs have any; a column behind the text would make lists of runs read its pages.
CREATE TABLE healed (
    run   INTEGER PRIMARY KEY REFERENCES runs (key) ON DELETE CASCADE,
    times INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 2;
