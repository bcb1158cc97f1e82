-- The audit trail, in a file of its own. Records are added and read, never changed.

CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,          -- seconds since the epoch
    event TEXT NOT NULL,
    outcome INTEGER NOT NULL,  -- 0 success, 4 refused in whole or in part, 8 the archive failed
    status INTEGER NOT NULL,   -- of the answer
    kind TEXT NOT NULL,        -- of the principal that asked
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    number INTEGER,            -- of results or instances
    refused INTEGER,           -- instances that were not stored
    asked TEXT                 -- JSON of a change
);
CREATE INDEX IF NOT EXISTS record_by_time ON record (at);
CREATE INDEX IF NOT EXISTS record_by_name ON record (name);

CREATE TABLE IF NOT EXISTS concerned (
    study_uid TEXT NOT NULL,
    record_id INTEGER NOT NULL REFERENCES record (id),
    patient_id TEXT,
    PRIMARY KEY (study_uid, record_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS concerned_by_record ON concerned (record_id);

CREATE TRIGGER IF NOT EXISTS record_is_kept BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
CREATE TRIGGER IF NOT EXISTS record_is_as_it_was BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
CREATE TRIGGER IF NOT EXISTS concerned_is_kept BEFORE DELETE ON concerned
BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
CREATE TRIGGER IF NOT EXISTS concerned_is_as_it_was BEFORE UPDATE ON concerned
BEGIN SELECT RAISE(ABORT, 'the audit trail is only added to'); END;
