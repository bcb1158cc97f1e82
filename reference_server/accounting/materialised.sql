-- Visibility, kept by triggers: for each principal and each live grant that reaches it, the studies that the grant
-- touches. A grant on a repository stands here once for each of its studies and each member of its subject, so that a
-- search walks one index in the order of its results. series_id and instance_id are 0 where all of the level is meant.
-- A principal is a member of itself, so rows of roles, links and `anonymous` are here as well.

BEGIN IMMEDIATE;

CREATE TABLE IF NOT EXISTS visibility (
    principal_id INTEGER NOT NULL,
    study_id INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    instance_id INTEGER NOT NULL,
    grant_id INTEGER NOT NULL,
    operations INTEGER NOT NULL,
    not_before REAL,
    expires REAL,
    PRIMARY KEY (principal_id, study_id, series_id, instance_id, grant_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS visibility_by_grant ON visibility (grant_id);

-- Every user is a member of `authenticated` (2), which the closure does not repeat.
CREATE VIEW IF NOT EXISTS reach AS
SELECT closure.member_id AS principal_id, held.*
FROM access_grant AS held JOIN closure ON closure.group_id = held.subject_id
WHERE held.revoked_at IS NULL AND held.operations
UNION ALL
SELECT principal.id, held.*
FROM access_grant AS held JOIN principal ON principal.kind = 'user'
WHERE held.subject_id = 2 AND held.revoked_at IS NULL AND held.operations;

CREATE VIEW IF NOT EXISTS reached_study AS
SELECT reach.principal_id, reach.study_id, coalesce(reach.series_id, 0) AS series_id,
    coalesce(reach.instance_id, 0) AS instance_id, reach.id AS grant_id, reach.operations, reach.not_before,
    reach.expires, reach.subject_id
FROM reach WHERE reach.study_id IS NOT NULL
UNION ALL
SELECT reach.principal_id, study.id, 0, 0, reach.id, reach.operations, reach.not_before,
    reach.expires, reach.subject_id
FROM reach JOIN study ON study.repository_id = reach.repository_id WHERE reach.study_id IS NULL;

-- What was granted while another design served is caught up with; where the triggers are, nothing was missed.
INSERT OR IGNORE INTO visibility
SELECT principal_id, study_id, series_id, instance_id, grant_id, operations, not_before, expires FROM reached_study
WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = 'materialise_grant');

CREATE TRIGGER IF NOT EXISTS materialise_grant AFTER INSERT ON access_grant BEGIN
    INSERT OR IGNORE INTO visibility
    SELECT principal_id, study_id, series_id, instance_id, grant_id, operations, not_before, expires
    FROM reached_study WHERE grant_id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS forget_revoked_grant AFTER UPDATE OF revoked_at ON access_grant
WHEN NEW.revoked_at IS NOT NULL BEGIN
    DELETE FROM visibility WHERE grant_id = NEW.id;
END;

CREATE TRIGGER IF NOT EXISTS forget_deleted_grant AFTER DELETE ON access_grant BEGIN
    DELETE FROM visibility WHERE grant_id = OLD.id;
END;

CREATE TRIGGER IF NOT EXISTS materialise_study AFTER INSERT ON study BEGIN
    INSERT OR IGNORE INTO visibility
    SELECT principal_id, NEW.id, 0, 0, id, operations, not_before, expires
    FROM reach WHERE study_id IS NULL AND repository_id = NEW.repository_id;
END;

-- A study that moves to another repository leaves the grants on the old one behind; those on itself move along.
CREATE TRIGGER IF NOT EXISTS materialise_moved_study AFTER UPDATE OF repository_id ON study BEGIN
    DELETE FROM visibility WHERE study_id = NEW.id
    AND grant_id IN (SELECT held.id FROM access_grant AS held WHERE held.study_id IS NULL);
    INSERT OR IGNORE INTO visibility
    SELECT principal_id, NEW.id, 0, 0, id, operations, not_before, expires
    FROM reach WHERE study_id IS NULL AND repository_id = NEW.repository_id;
END;

CREATE TRIGGER IF NOT EXISTS materialise_member AFTER INSERT ON closure BEGIN
    INSERT OR IGNORE INTO visibility
    SELECT principal_id, study_id, series_id, instance_id, grant_id, operations, not_before, expires
    FROM reached_study WHERE principal_id = NEW.member_id AND subject_id = NEW.group_id;
END;

CREATE TRIGGER IF NOT EXISTS forget_member AFTER DELETE ON closure BEGIN
    DELETE FROM visibility
    WHERE principal_id = OLD.member_id
    AND grant_id IN (SELECT held.id FROM access_grant AS held WHERE held.subject_id = OLD.group_id);
END;

CREATE TRIGGER IF NOT EXISTS materialise_user AFTER INSERT ON principal WHEN NEW.kind = 'user' BEGIN
    INSERT OR IGNORE INTO visibility
    SELECT principal_id, study_id, series_id, instance_id, grant_id, operations, not_before, expires
    FROM reached_study WHERE principal_id = NEW.id AND subject_id = 2;
END;

CREATE TRIGGER IF NOT EXISTS forget_principal AFTER DELETE ON principal BEGIN
    DELETE FROM visibility WHERE principal_id = OLD.id;
END;

COMMIT;
