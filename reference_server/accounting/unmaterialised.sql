-- The designs that do not keep visibility pay nothing for it.

BEGIN IMMEDIATE;
DROP TRIGGER IF EXISTS materialise_grant;
DROP TRIGGER IF EXISTS forget_revoked_grant;
DROP TRIGGER IF EXISTS forget_deleted_grant;
DROP TRIGGER IF EXISTS materialise_study;
DROP TRIGGER IF EXISTS materialise_moved_study;
DROP TRIGGER IF EXISTS materialise_member;
DROP TRIGGER IF EXISTS forget_member;
DROP TRIGGER IF EXISTS materialise_user;
DROP TRIGGER IF EXISTS forget_principal;
DROP TABLE IF EXISTS visibility;
DROP VIEW IF EXISTS reached_study;
DROP VIEW IF EXISTS reach;
COMMIT;
