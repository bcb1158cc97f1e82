"""What is asked: by each reader a first and a deep page, a study by its UID, and an instance.

Every arm is sent the same requests, the guarded ones with the reader's token. The plain archive shows all
studies, so the same limit makes pages of the same length: a reader of ten studies is asked for ten, and so is
the plain archive, which then counts the matches that remain where the reader has none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datasets.listing.head import Head, Reader
from scenarios.load.operations import DICOM_JSON, DICOM_PARTS

DEEP = 10  # a tenth of what the reader sees lies after a deep page


@dataclass(frozen=True, slots=True)
class Question:
    """One GET, and who asks it."""

    path: str
    accept: str


@dataclass(frozen=True, slots=True)
class Kind:
    """Questions of one operation by one reader, who sees that share of the archive."""

    operation: str
    user: str
    selectivity: float
    questions: tuple[Question, ...]


def kinds_of(head: Head, page_limit: int) -> list[Kind]:
    """Return what each reader is to ask; who has no studies before a deep page asks for none."""
    return [kind for reader in head.readers for kind in _kinds(reader, page_limit)]


def _kinds(reader: Reader, page_limit: int) -> Iterator[Kind]:
    limit = min(page_limit, reader.studies)
    yield _kind("qido-first", reader, [f"/studies?limit={limit}&offset=0"], DICOM_JSON)
    limit = min(page_limit, reader.studies // DEEP)
    offset = reader.studies - reader.studies // DEEP - limit
    if limit and offset:
        yield _kind("qido-deep", reader, [f"/studies?limit={limit}&offset={offset}"], DICOM_JSON)
    uids = [f"/studies?StudyInstanceUID={each.study_uid}" for each in reader.targets]
    yield _kind("qido-uid", reader, uids, DICOM_JSON)
    instances = [
        f"/studies/{each.study_uid}/series/{each.series_uid}/instances/{each.sop_instance_uid}"
        for each in reader.targets
    ]
    yield _kind("wado-instance", reader, instances, DICOM_PARTS)


def _kind(operation: str, reader: Reader, paths: Sequence[str], accept: str) -> Kind:
    questions = tuple(Question(path, accept) for path in paths)
    return Kind(operation, reader.user, reader.selectivity, questions)
