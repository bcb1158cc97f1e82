"""What an acknowledged instance survives is a setting: which files, folders and commits are synchronised."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reference_server.app import open_database
from reference_server.settings import Durability
from reference_server.storage.blobs import MEMORY_BYTES, BlobStore
from reference_server.storage.database import Transaction

SYNCHRONOUS = {Durability.FULL: 2, Durability.FILE: 1, Durability.PROCESS: 1}  # FULL, NORMAL
SYNCHRONISED = {
    Durability.FULL: ["fsync blob", "fsync folder"],
    Durability.FILE: ["fdatasync blob"],
    Durability.PROCESS: [],
}


@pytest.fixture(name="synchronised")
def _synchronised(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls that synchronise, as they are made; they still do."""
    calls: list[str] = []

    def noted(name: str) -> Callable[[int], None]:
        real: Callable[[int], None] = getattr(os, name)

        def call(descriptor: int) -> None:
            target = Path(f"/proc/self/fd/{descriptor}")
            calls.append(f"{name} {'folder' if target.is_dir() else 'blob'}")
            real(descriptor)

        return call

    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, noted(name))
    return calls


@pytest.mark.parametrize("durability", Durability)
@pytest.mark.parametrize("size_bytes", [1000, MEMORY_BYTES + 1])
def test_a_blob_is_synchronised_as_the_setting_says(
    tmp_path: Path, synchronised: list[str], durability: Durability, size_bytes: int
) -> None:
    store = BlobStore(tmp_path, durability)
    store.prepare()
    synchronised.clear()
    blob = store.incoming()
    blob.write(bytes(size_bytes))
    name = store.keep(blob)
    assert synchronised == SYNCHRONISED[durability]
    store.settle(name)
    assert store.path(name).read_bytes() == bytes(size_bytes)
    assert synchronised == SYNCHRONISED[durability]


@pytest.mark.parametrize("durability", Durability)
def test_commits_are_synchronised_as_the_setting_says(tmp_path: Path, durability: Durability) -> None:
    async def ask() -> int:
        database = open_database(tmp_path, durability=durability)
        await database.open()

        async def work(write: Transaction) -> int:
            return int((await write.fetch("PRAGMA synchronous"))[0][0])

        try:
            return await database.write(work)
        finally:
            await database.close()

    assert asyncio.run(ask()) == SYNCHRONOUS[durability]
