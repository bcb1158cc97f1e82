-- Who may do what. Present in every archive; with accounting off nothing is ever written here.
-- The key of a removed principal or grant is never used again: whatever might still name it names nothing.

CREATE TABLE IF NOT EXISTS principal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (
        kind IN ('user', 'role', 'facility', 'organization', 'authenticated', 'anonymous', 'link', 'category')
    ),
    name TEXT NOT NULL,
    administrator INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0,
    repository_id INTEGER REFERENCES repository (id),  -- a facility's repository; a user's own, where STOW goes
    UNIQUE (kind, name)
);
INSERT OR IGNORE INTO principal (id, kind, name) VALUES (1, 'anonymous', 'anonymous'), (2, 'authenticated', 'authenticated');

CREATE TABLE IF NOT EXISTS membership (
    member_id INTEGER NOT NULL REFERENCES principal (id),
    group_id INTEGER NOT NULL REFERENCES principal (id),
    PRIMARY KEY (member_id, group_id)
) WITHOUT ROWID;

-- Transitive and reflexive closure of membership, kept with every change of it.
CREATE TABLE IF NOT EXISTS closure (
    member_id INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    PRIMARY KEY (member_id, group_id)
) WITHOUT ROWID;
INSERT OR IGNORE INTO closure (member_id, group_id) VALUES (1, 1), (2, 2);

CREATE TABLE IF NOT EXISTS token (
    hash BLOB PRIMARY KEY,         -- SHA-256; the token itself is shown once and never kept
    principal_id INTEGER NOT NULL REFERENCES principal (id),
    expires REAL,                  -- seconds since the epoch
    revoked_at REAL
) WITHOUT ROWID;

-- What a holder may do with everything that is filed under a category: shared with it, that is. Each such pair is
-- a row of access_grant, whose parent is the share.
CREATE TABLE IF NOT EXISTS permission (
    holder_id INTEGER NOT NULL REFERENCES principal (id),
    category_id INTEGER NOT NULL REFERENCES principal (id),
    operations INTEGER NOT NULL,
    PRIMARY KEY (holder_id, category_id)
) WITHOUT ROWID;

-- operations is a bit mask: 1 Q discover, 2 R retrieve, 4 A append, 8 D delete, 16 S share, 32 O own.
-- A resource is a repository (study_id null), a study (series_id null), a series (instance_id null) or an instance.
-- A snapshot share is a row without operations whose children are grants on the instances that were there.
-- Every row below a repository carries the keys of all its ancestors, so that one probe by study decides.
CREATE TABLE IF NOT EXISTS access_grant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject_id INTEGER NOT NULL REFERENCES principal (id),
    operations INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    study_id INTEGER,
    series_id INTEGER,
    instance_id INTEGER,
    granted_by INTEGER REFERENCES principal (id),
    parent_id INTEGER REFERENCES access_grant (id),
    not_before REAL,
    expires REAL,
    revoked_at REAL
);
CREATE INDEX IF NOT EXISTS grant_by_study ON access_grant (study_id, subject_id);
CREATE INDEX IF NOT EXISTS grant_by_repository ON access_grant (repository_id, subject_id) WHERE study_id IS NULL;
CREATE INDEX IF NOT EXISTS grant_by_parent ON access_grant (parent_id) WHERE parent_id IS NOT NULL;
-- A listing walks the grants of a subject in this index alone, in the order of studies.
CREATE INDEX IF NOT EXISTS grant_by_subject
    ON access_grant (subject_id, study_id, operations, revoked_at, not_before, expires, series_id);

-- What has changed about who may see what: for whom (null: for everybody), and from which study on. A process that
-- remembers what a caller sees looks here, in the statement that uses it, how much of that still counts.
CREATE TABLE IF NOT EXISTS access_change (
    id INTEGER PRIMARY KEY,
    subject_id INTEGER,
    study_id INTEGER NOT NULL
);
CREATE TRIGGER IF NOT EXISTS grant_begins AFTER INSERT ON access_grant BEGIN
    INSERT INTO access_change (subject_id, study_id) VALUES (NEW.subject_id, coalesce(NEW.study_id, 0));
END;
CREATE TRIGGER IF NOT EXISTS grant_changes
AFTER UPDATE OF subject_id, operations, repository_id, study_id, series_id, instance_id, not_before, expires, revoked_at
ON access_grant BEGIN
    INSERT INTO access_change (subject_id, study_id)
    VALUES (OLD.subject_id, coalesce(OLD.study_id, 0)), (NEW.subject_id, coalesce(NEW.study_id, 0));
END;
CREATE TRIGGER IF NOT EXISTS grant_ends AFTER DELETE ON access_grant BEGIN
    INSERT INTO access_change (subject_id, study_id) VALUES (OLD.subject_id, coalesce(OLD.study_id, 0));
END;
-- Every principal is a member of itself, so the member stands for whoever is a member through it.
CREATE TRIGGER IF NOT EXISTS member_joins AFTER INSERT ON closure BEGIN
    INSERT INTO access_change (subject_id, study_id) VALUES (NEW.member_id, 0);
END;
CREATE TRIGGER IF NOT EXISTS member_leaves AFTER DELETE ON closure BEGIN
    INSERT INTO access_change (subject_id, study_id) VALUES (OLD.member_id, 0);
END;
CREATE TRIGGER IF NOT EXISTS principal_changes AFTER UPDATE OF kind, name ON principal BEGIN
    INSERT INTO access_change (subject_id, study_id) VALUES (NEW.id, 0);
END;
CREATE TRIGGER IF NOT EXISTS study_moves AFTER UPDATE OF id, repository_id ON study BEGIN
    INSERT INTO access_change (study_id) VALUES (min(OLD.id, NEW.id));
END;
CREATE TRIGGER IF NOT EXISTS study_ends AFTER DELETE ON study BEGIN
    INSERT INTO access_change (study_id) VALUES (OLD.id);
END;
-- Who knows nothing later than the first that is kept knows nothing.
CREATE TRIGGER IF NOT EXISTS access_changes_fade AFTER INSERT ON access_change WHEN NEW.id % 4096 = 0 BEGIN
    DELETE FROM access_change WHERE id <= NEW.id - 16384;
END;
