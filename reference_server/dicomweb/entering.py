"""What was received enters the index in one transaction; what does not enter leaves no blob.

Where the transaction fails, the index is asked which blobs it names, and the others are removed. If it cannot
be asked, or if the process ends, the blobs keep their names in `incoming/`, and the next start asks.
"""

import logging
from collections.abc import Sequence

from reference_server.accounting.policy import Storer
from reference_server.dicomweb.archive import Archive
from reference_server.dicomweb.reasons import Reason
from reference_server.dicomweb.receipt import Failure
from reference_server.dicomweb.receiving import Received
from reference_server.errors import ArchiveError, Unavailable
from reference_server.storage.database import Transaction
from reference_server.storage.ingest import named_blobs, store
from reference_server.storage.records import InstanceRecord, Kept, Outcome
from reference_server.timing import measured

LOG = logging.getLogger("reference_server")
REASONS = {Outcome.CONFLICT: Reason.ALREADY_STORED, Outcome.REFUSED: Reason.NOT_AUTHORIZED}


async def enter(archive: Archive, storer: Storer, received: Received) -> list[Kept | Failure]:
    """Enter the records into the index; a refused one is a failure."""
    if not received.kept:
        return [*received.failures]

    async def work(write: Transaction) -> list[Outcome]:
        return await _place_and_store(write, archive, storer, received)

    try:
        outcomes = await archive.database.write(work, short=received.records.are_few)
    except Unavailable:
        LOG.exception("the instances of a request could not enter the index")
        await settle(archive, [kept.blob for kept in received.kept])
        lost = [_failure(kept, Reason.OUT_OF_RESOURCES) for kept in received.kept]
        return [*received.failures, *lost]
    except Exception:
        await settle(archive, [kept.blob for kept in received.kept])
        raise
    finally:
        received.records.close()
    results: list[Kept | Failure] = [*received.failures]
    with measured("blob"):
        for kept, outcome in zip(received.kept, outcomes, strict=True):
            if outcome is Outcome.STORED:
                archive.blobs.settle(kept.blob)
            else:
                archive.blobs.remove(kept.blob)
            reason = REASONS.get(outcome)
            results.append(kept if reason is None else _failure(kept, reason))
    return results


def _failure(kept: Kept, reason: Reason) -> Failure:
    return Failure(reason, kept.sop_class_uid, kept.sop_instance_uid)


async def settle(archive: Archive, blobs: Sequence[str]) -> None:
    """Remove those of the blobs that the index does not name; where that cannot be told, all stay."""
    if not blobs:
        return

    async def work(write: Transaction) -> set[str]:
        return await named_blobs(write, blobs)

    try:
        named = await archive.database.write(work)
    except ArchiveError:
        LOG.exception("blobs without a row may be left until the next start")
        return
    for blob in blobs:
        if blob in named:
            archive.blobs.settle(blob)
        else:
            archive.blobs.remove(blob)


async def _place_and_store(
    write: Transaction, archive: Archive, storer: Storer, received: Received
) -> list[Outcome]:
    """Store each record where its study is or begins; what may not be appended to is refused."""
    studies = {kept.study_uid for kept in received.kept}
    places = await archive.policy.place(write, storer, studies, archive.clock())
    outcomes: list[Outcome] = []
    created: list[int] = []
    for records in received.records.batches():
        outcomes += await _store_batch(write, places, records, created)
    await archive.policy.record_stored(write, storer, created)
    return outcomes


async def _store_batch(
    write: Transaction, places: dict[str, int], records: list[InstanceRecord], created: list[int]
) -> list[Outcome]:
    """Store some records; studies that are new are added to those that were created."""
    outcomes = dict.fromkeys(range(len(records)), Outcome.REFUSED)
    for repository_id in sorted(set(places.values())):
        there = [at for at, record in enumerate(records) if places.get(record.study_uid) == repository_id]
        stored, studies = await store(write, repository_id, [records[at] for at in there])
        outcomes.update(zip(there, stored, strict=True))
        created += studies
    return list(outcomes.values())
