"""Records come back from the disk as they were, in their order, and the disk is used for many alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from reference_server.dicomweb.reading import Arrived, read_instance
from reference_server.storage import spool
from reference_server.storage.spool import RecordSpool


@pytest.mark.parametrize("batch_bytes", [1, 25_000, 1 << 30])
def test_records_come_back_as_they_were(
    tmp_path: Path, ct: bytes, mr: bytes, monkeypatch: pytest.MonkeyPatch, batch_bytes: int
) -> None:
    monkeypatch.setattr(spool, "BATCH_BYTES", batch_bytes)
    records = []
    for number, content in enumerate([ct, mr, ct, mr, ct]):
        file = tmp_path / str(number)
        file.write_bytes(content)
        record = read_instance(Arrived(file, str(number), len(content), "digest"))
        records.append(replace(record, modality="Übersicht") if number == 2 else record)
    held = RecordSpool(tmp_path)
    for record in records:
        held.add(record)
    batches = list(held.batches())
    held.close()
    assert [record for batch in batches for record in batch] == records
    assert (len(batches) == 1) == (batch_bytes == 1 << 30)
