"""Instances enter the index: set-wise, inside the transaction of a group commit.

What is there already stays as it is: a study's and a series' attributes are those of their first instance, an
instance with a known SOP Instance UID is either the same bytes (a success that changes nothing) or a
conflict.
"""

from collections.abc import Sequence
from dataclasses import astuple

import orjson

from reference_server.storage.database import Transaction
from reference_server.storage.records import InstanceRecord, Outcome

RECORD_CONTENT = "INSERT OR REPLACE INTO index_content (id, fingerprint) VALUES (1, ?)"
IS_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM study)"
HELD = """
SELECT instance.sop_instance_uid, instance.sha256, study.study_uid, series.series_uid
FROM instance JOIN series ON series.id = instance.series_id JOIN study ON study.id = instance.study_id
WHERE instance.repository_id = ? AND instance.sop_instance_uid IN (SELECT value FROM json_each(?))
"""
NAMED = "SELECT instance.blob FROM instance WHERE instance.blob IN (SELECT value FROM json_each(?))"
STUDIES = """
SELECT study.study_uid, study.id FROM study
WHERE study.repository_id = ? AND study.study_uid IN (SELECT value FROM json_each(?))
"""
INSERT_STUDY = """
INSERT INTO study (repository_id, study_uid, patient_id, patient_name, patient_birth_date, study_date,
    study_time, accession_number, referring_physician, study_id, study_description, modalities, series_count,
    instance_count, attributes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', 0, 0, ?)
ON CONFLICT (repository_id, study_uid) DO NOTHING
"""
INSERT_NAME_WORD = """
INSERT OR IGNORE INTO name_word (tag, word, study_id)
SELECT ?, ?, study.id FROM study WHERE study.repository_id = ? AND study.study_uid = ?
"""
INSERT_SERIES = """
INSERT INTO series (study_id, repository_id, series_uid, modality, series_number, instance_count, attributes)
SELECT study.id, study.repository_id, ?, ?, ?, 0, ?
FROM study WHERE study.repository_id = ? AND study.study_uid = ?
ON CONFLICT (study_id, series_uid) DO NOTHING
"""
INSERT_INSTANCE = """
INSERT INTO instance (series_id, study_id, repository_id, sop_instance_uid, sop_class_uid, instance_number,
    transfer_syntax_uid, size_bytes, sha256, blob, frame_offset, frame_bytes, frame_count, attributes)
SELECT series.id, study.id, study.repository_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
FROM study JOIN series ON series.study_id = study.id
WHERE study.repository_id = ? AND study.study_uid = ? AND series.series_uid = ?
"""
INSERT_METADATA = """
INSERT INTO metadata (instance_id, json)
SELECT instance.id, ? FROM instance WHERE instance.repository_id = ? AND instance.sop_instance_uid = ?
"""
COUNT_SERIES = """
UPDATE series SET instance_count = instance_count + ?
WHERE series_uid = ? AND study_id = (SELECT id FROM study WHERE repository_id = ? AND study_uid = ?)
"""
COUNT_STUDY = """
UPDATE study SET
    instance_count = instance_count + ?,
    series_count = (SELECT count(*) FROM series WHERE series.study_id = study.id),
    modalities = (
        SELECT json_group_array(DISTINCT series.modality) FROM series WHERE series.study_id = study.id
    )
WHERE repository_id = ? AND study_uid = ?
"""


async def record_content(write: Transaction, fingerprint: str) -> None:
    """Record what the index keeps from its first study on."""
    if (await write.fetch(IS_EMPTY))[0][0]:
        await write.run(RECORD_CONTENT, (fingerprint,))


def _uids(records: Sequence[InstanceRecord], attribute: str) -> str:
    return orjson.dumps([getattr(record, attribute) for record in records]).decode()


async def named_blobs(write: Transaction, blobs: Sequence[str]) -> set[str]:
    """Return which of these blobs the index names."""
    return {name for (name,) in await write.fetch(NAMED, (orjson.dumps(blobs).decode(),))}


async def store(
    write: Transaction, repository_id: int, records: Sequence[InstanceRecord]
) -> tuple[list[Outcome], list[int]]:
    """Insert the records into a repository; return an outcome per record, and the keys of new studies."""
    held = {
        uid: (sha256, study_uid, series_uid)
        for uid, sha256, study_uid, series_uid in await write.fetch(
            HELD, (repository_id, _uids(records, "sop_instance_uid"))
        )
    }
    outcomes: list[Outcome] = []
    new: list[InstanceRecord] = []
    for record in records:
        content = (record.sha256, record.study_uid, record.series_uid)
        if record.sop_instance_uid not in held:
            held[record.sop_instance_uid] = content
            new.append(record)
            outcomes.append(Outcome.STORED)
        else:
            same = held[record.sop_instance_uid] == content
            outcomes.append(Outcome.IDENTICAL if same else Outcome.CONFLICT)
    created = await _insert(write, repository_id, new) if new else []
    return outcomes, created


async def _insert(write: Transaction, repository_id: int, records: list[InstanceRecord]) -> list[int]:
    """Insert records none of which is held; return the keys of the studies that did not exist."""
    scope = (repository_id, _uids(records, "study_uid"))
    before: dict[str, int] = dict(await write.fetch(STUDIES, scope))
    firsts = {record.study_uid: record for record in reversed(records) if record.study_uid not in before}
    await write.many(
        INSERT_STUDY,
        [(repository_id, uid, *astuple(r.study_keys), r.study_attributes) for uid, r in firsts.items()],
    )
    await write.many(
        INSERT_NAME_WORD,
        [(*word, repository_id, uid) for uid, r in firsts.items() for word in r.name_words],
    )
    series = {(record.study_uid, record.series_uid): record for record in reversed(records)}
    await write.many(
        INSERT_SERIES,
        [
            (r.series_uid, r.modality, r.series_number, r.series_attributes, repository_id, r.study_uid)
            for r in series.values()
        ],
    )
    await write.many(INSERT_INSTANCE, [_instance_values(record, repository_id) for record in records])
    await write.many(INSERT_METADATA, [(r.metadata, repository_id, r.sop_instance_uid) for r in records])
    await _count(write, repository_id, records)
    if not firsts:
        return []
    return [key for uid, key in await write.fetch(STUDIES, scope) if uid not in before]


def _instance_values(record: InstanceRecord, repository_id: int) -> tuple[str | int | None, ...]:
    layout = record.frames
    return (
        record.sop_instance_uid,
        record.sop_class_uid,
        record.instance_number,
        record.transfer_syntax_uid,
        record.size_bytes,
        record.sha256,
        record.blob,
        *((layout.offset, layout.frame_bytes, layout.count) if layout else (None, None, None)),
        record.instance_attributes,
        repository_id,
        record.study_uid,
        record.series_uid,
    )


async def _count(write: Transaction, repository_id: int, records: list[InstanceRecord]) -> None:
    """Bring the stored counts and modalities up to date, so that no search has to compute them."""
    per_series: dict[tuple[str, str], int] = {}
    per_study: dict[str, int] = {}
    for record in records:
        key = (record.study_uid, record.series_uid)
        per_series[key] = per_series.get(key, 0) + 1
        per_study[record.study_uid] = per_study.get(record.study_uid, 0) + 1
    await write.many(
        COUNT_SERIES, [(n, series, repository_id, study) for (study, series), n in per_series.items()]
    )
    await write.many(COUNT_STUDY, [(n, repository_id, study) for study, n in per_study.items()])
