-- One schema for every design of accounting: the arms of an experiment differ in settings, never in data layout.
-- UIDs are unique per repository. Rows of a level are ordered by their integer key, which is the order of arrival.

CREATE TABLE IF NOT EXISTS repository (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
INSERT OR IGNORE INTO repository (id, name) VALUES (1, 'default');

CREATE TABLE IF NOT EXISTS study (
    id INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repository (id),
    study_uid TEXT NOT NULL,
    patient_id TEXT,
    patient_name TEXT,            -- case-folded; matching on names ignores case
    patient_birth_date TEXT,
    study_date TEXT,
    study_time TEXT,
    accession_number TEXT,
    referring_physician TEXT,     -- case-folded
    study_id TEXT,
    study_description TEXT,
    modalities TEXT NOT NULL,     -- JSON array of the distinct modalities of all series
    series_count INTEGER NOT NULL,
    instance_count INTEGER NOT NULL,
    attributes TEXT NOT NULL,     -- DICOM JSON of the patient and study attributes, from the first instance stored
    UNIQUE (repository_id, study_uid)
);
CREATE INDEX IF NOT EXISTS study_by_repository ON study (repository_id);
CREATE INDEX IF NOT EXISTS study_by_uid ON study (study_uid);
CREATE INDEX IF NOT EXISTS study_by_patient_id ON study (patient_id);
CREATE INDEX IF NOT EXISTS study_by_patient_name ON study (patient_name);
CREATE INDEX IF NOT EXISTS study_by_date ON study (study_date);
CREATE INDEX IF NOT EXISTS study_by_accession_number ON study (accession_number);

-- Study UIDs that more than one repository has held: where none is, no search looks for twins.
CREATE TABLE IF NOT EXISTS shared_study_uid (study_uid TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS study_shares_uid AFTER INSERT ON study
WHEN EXISTS (SELECT 1 FROM study AS twin WHERE twin.study_uid = NEW.study_uid AND twin.id <> NEW.id) BEGIN
    INSERT OR IGNORE INTO shared_study_uid VALUES (NEW.study_uid);
END;

-- The words of the names of a study, without case and accents, for fuzzy matching.
CREATE TABLE IF NOT EXISTS name_word (
    tag INTEGER NOT NULL,
    word TEXT NOT NULL,
    study_id INTEGER NOT NULL REFERENCES study (id),
    PRIMARY KEY (tag, word, study_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY,
    study_id INTEGER NOT NULL REFERENCES study (id),
    repository_id INTEGER NOT NULL,
    series_uid TEXT NOT NULL,
    modality TEXT,
    series_number TEXT,
    instance_count INTEGER NOT NULL,
    attributes TEXT NOT NULL,     -- DICOM JSON of the series attributes, from the first instance stored
    UNIQUE (study_id, series_uid)
);
CREATE INDEX IF NOT EXISTS series_by_uid ON series (series_uid);
CREATE INDEX IF NOT EXISTS series_by_modality ON series (modality, study_id);

CREATE TABLE IF NOT EXISTS instance (
    id INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL REFERENCES series (id),
    study_id INTEGER NOT NULL,
    repository_id INTEGER NOT NULL,
    sop_instance_uid TEXT NOT NULL,
    sop_class_uid TEXT NOT NULL,
    instance_number TEXT,
    transfer_syntax_uid TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    blob TEXT NOT NULL,           -- name of the file that holds the bytes
    frame_offset INTEGER,         -- where native little endian pixel data begin in the file, else null
    frame_bytes INTEGER,          -- size of one such frame
    frame_count INTEGER,
    attributes TEXT NOT NULL,     -- DICOM JSON of what a search returns unasked
    UNIQUE (repository_id, sop_instance_uid)
);
CREATE INDEX IF NOT EXISTS instance_by_series ON instance (series_id);
CREATE INDEX IF NOT EXISTS instance_by_study ON instance (study_id);
CREATE INDEX IF NOT EXISTS instance_by_uid ON instance (sop_instance_uid);

-- Which attributes the rows above keep, and in which form; one row, once there are studies.
CREATE TABLE IF NOT EXISTS index_content (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    fingerprint TEXT NOT NULL
);

-- Apart from `instance`, so that scans over instances stay narrow.
CREATE TABLE IF NOT EXISTS metadata (
    instance_id INTEGER PRIMARY KEY REFERENCES instance (id),
    json BLOB NOT NULL            -- DICOM JSON of the whole instance, encoded once at ingest
);
