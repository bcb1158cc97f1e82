"""An index is made anew from the metadata that it holds: other attributes are searched from then on.

It is one transaction, so an archive that is interrupted has its old index. Study and series attributes are
those of the first instance stored, as they are when instances arrive.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple
from pathlib import Path

import orjson

from reference_server.dicomweb.attributes import Catalogue
from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.reading import study_keys, study_name_words, subset
from reference_server.settings import SettingsError
from reference_server.storage.folder import INDEX
from reference_server.storage.ingest import RECORD_CONTENT

BATCH = 500
INSTANCES = """
SELECT instance.id, instance.study_id, instance.series_id, metadata.json
FROM instance JOIN metadata ON metadata.instance_id = instance.id
WHERE instance.id > ? ORDER BY instance.id LIMIT ?
"""
UPDATE_STUDY = """
UPDATE study SET patient_id = ?, patient_name = ?, patient_birth_date = ?, study_date = ?, study_time = ?,
    accession_number = ?, referring_physician = ?, study_id = ?, study_description = ?, attributes = ?
WHERE id = ?
"""
INSERT_NAME_WORD = "INSERT OR IGNORE INTO name_word (tag, word, study_id) VALUES (?, ?, ?)"
UPDATE_SERIES = "UPDATE series SET attributes = ? WHERE id = ?"
UPDATE_INSTANCE = "UPDATE instance SET attributes = ? WHERE id = ?"


def reindex(data: Path, schema: Path, catalogue: Catalogue) -> int:
    """Make the index of a data folder anew and return its number of instances; nothing else may use it."""
    if not (data / INDEX).exists():
        raise SettingsError(f"data={str(data)!r} holds no index")
    try:
        with closing(sqlite3.connect(data / INDEX, isolation_level=None)) as connection:
            connection.executescript(schema.read_text(encoding="utf-8"))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM name_word")
            done = _refresh(connection, catalogue)
            connection.execute(RECORD_CONTENT, (catalogue.fingerprint,))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise SettingsError(f"data={str(data)!r} cannot be reindexed: {error}") from None
    return done


def _instances(connection: sqlite3.Connection) -> Iterator[tuple[int, int, int, Json]]:
    """Return the keys of each instance, its study and series, and its metadata, in order of arrival."""
    last = 0
    while rows := connection.execute(INSTANCES, (last, BATCH)).fetchall():
        for instance, study, series, metadata in rows:
            yield instance, study, series, orjson.loads(metadata)
        last = rows[-1][0]


def _refresh(connection: sqlite3.Connection, catalogue: Catalogue) -> int:
    done = 0
    studies: set[int] = set()
    seen: set[int] = set()
    for instance, study, series, model in _instances(connection):
        if study not in studies:
            studies.add(study)
            keys = astuple(study_keys(model))
            connection.execute(UPDATE_STUDY, (*keys, subset(model, catalogue.study), study))
            connection.executemany(INSERT_NAME_WORD, [(*word, study) for word in study_name_words(model)])
        if series not in seen:
            seen.add(series)
            connection.execute(UPDATE_SERIES, (subset(model, catalogue.series), series))
        connection.execute(UPDATE_INSTANCE, (subset(model, catalogue.instance), instance))
        done += 1
    return done
