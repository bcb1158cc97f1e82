"""What reading a store payload and encoding metadata cost, without network, disk or index."""

import asyncio
import random
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pytest_benchmark.fixture import BenchmarkFixture

from reference_server.dicomweb.dicom_json import model_of
from reference_server.dicomweb.dicom_xml import json_to_xml
from reference_server.dicomweb.multipart import MultipartReader, MultipartWriter

PARTS = 10
CT_BYTES = 526_000  # an image of 512 x 512 pixels of 16 bits
CHUNK_BYTES = 65_536
PIXELS = random.Random(1).randbytes(CT_BYTES)


def chunks_of_a_store() -> list[bytes]:
    """Return the payload of a store of ten images in the chunks of a server."""
    writer = MultipartWriter()
    headers = [("Content-Type", "application/dicom")]
    heads = [writer.head(headers, CT_BYTES, first=not number) for number in range(PARTS)]
    body = b"".join(head + PIXELS for head in heads) + writer.tail()
    first_line, _, _ = body.partition(b"\r\n")
    return [first_line[2:], *(body[at : at + CHUNK_BYTES] for at in range(0, len(body), CHUNK_BYTES))]


async def bytes_in_parts(chunks: list[bytes], boundary: bytes) -> int:
    """Return how many bytes the parts of a payload hold."""

    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    sizes = [
        len(chunk)
        async for part in MultipartReader(stream(), boundary).parts()
        async for chunk in part.chunks()
    ]
    return sum(sizes)


@pytest.mark.benchmark(group="read a payload of ten images of 526 kB")
def test_multipart_reader(benchmark: BenchmarkFixture) -> None:
    boundary, *chunks = chunks_of_a_store()
    with asyncio.Runner() as runner:
        size = benchmark(lambda: runner.run(bytes_in_parts(chunks, boundary)))
    assert size == PARTS * CT_BYTES


def content_of(name: str) -> bytes:
    """Return the bytes of a test file of pydicom."""
    path = get_testdata_file(name)
    assert isinstance(path, str)
    return Path(path).read_bytes()


@pytest.mark.parametrize("name", ["MR_small.dcm", "CT_small.dcm"])
@pytest.mark.benchmark(group="encode metadata")
def test_dicom_json(benchmark: BenchmarkFixture, name: str) -> None:
    content = content_of(name)

    def read() -> tuple[tuple[Dataset], dict[str, object]]:
        return (dcmread(BytesIO(content)),), {}  # anew each time: looking at an element converts it

    def encode(dataset: Dataset) -> bytes:
        return orjson.dumps(model_of(dataset, "uri"))

    encoded = benchmark.pedantic(encode, setup=read, rounds=200)
    assert orjson.loads(encoded)["00100020"]["vr"] == "LO"


@pytest.mark.parametrize("name", ["MR_small.dcm", "CT_small.dcm"])
@pytest.mark.benchmark(group="render metadata as XML")
def test_dicom_xml(benchmark: BenchmarkFixture, name: str) -> None:
    model = model_of(dcmread(BytesIO(content_of(name))), "uri")
    assert benchmark(json_to_xml, model).endswith(b"</NativeDicomModel>")
