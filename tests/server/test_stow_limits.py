"""What exceeds a limit of the settings, or is of a type that is not stored, is refused as a whole."""

from collections.abc import Iterator

import httpx
import pytest

from tests.server.metadata_payloads import DICOM_JSON, OCTETS, body_of
from tests.server.running import BOUNDARY, STOW_TYPE, RunningArchive, payload

MOST_REQUEST_BYTES, MOST_INSTANCE_BYTES, MOST_METADATA_BYTES = 300_000, 100_000, 5_000
JSON_TYPE = f'multipart/related; type="{DICOM_JSON}"; boundary={BOUNDARY}'


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningArchive]:
    """An archive with small limits."""
    limits = {"request": MOST_REQUEST_BYTES, "instance": MOST_INSTANCE_BYTES, "metadata": MOST_METADATA_BYTES}
    arguments = [text for name, most in limits.items() for text in (f"--max-{name}-bytes", str(most))]
    archive = RunningArchive(tmp_path_factory.mktemp("narrow"), arguments=arguments).start()
    yield archive
    archive.end()
    archive.client.close()


def post(
    archive: RunningArchive, content: bytes | Iterator[bytes], content_type: str | None
) -> httpx.Response:
    headers = {"Content-Type": content_type} if content_type else {}
    return archive.client.post(f"{archive.base}/studies", content=content, headers=headers)


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (payload([bytes(90_000)] * 4), STOW_TYPE, 413),
        (payload([bytes(MOST_INSTANCE_BYTES + 1)]), STOW_TYPE, 413),
        (body_of([(DICOM_JSON, None, b" " * (MOST_METADATA_BYTES + 1))]), JSON_TYPE, 413),
        (body_of([(DICOM_JSON, None, b" " * 3_000)] * 2), JSON_TYPE, 413),
        (
            body_of([(DICOM_JSON, None, b"[{}]"), (OCTETS, "x", bytes(MOST_INSTANCE_BYTES + 1))]),
            JSON_TYPE,
            413,
        ),
        (payload([b"x"]), "text/plain", 415),
        (payload([b"x"]), None, 415),
        (payload([b"x"]), f'multipart/related; type="image/png"; boundary={BOUNDARY}', 415),
        (payload([b"x"]), 'multipart/related; type="application/dicom"', 400),
        (payload([b"x"])[:-6], STOW_TYPE, 400),
        (payload([]), STOW_TYPE, 400),
        (b"", STOW_TYPE, 400),
    ],
)
def test_a_request_is_refused_as_a_whole(
    narrow: RunningArchive, content: bytes, content_type: str | None, status: int
) -> None:
    answer = post(narrow, content, content_type)
    assert answer.status_code == status, answer.text
    assert list((narrow.data / "incoming").iterdir()) == []


def test_a_limit_holds_where_no_length_is_announced(narrow: RunningArchive, ct: bytes) -> None:
    body = payload([ct] * 8)
    assert len(body) > MOST_REQUEST_BYTES
    answer = post(narrow, (body[at : at + 10_000] for at in range(0, len(body), 10_000)), STOW_TYPE)
    assert answer.status_code == 413
    assert list((narrow.data / "incoming").iterdir()) == []
    assert narrow.get("/instances").json() == []
    assert narrow.store(ct).status_code == 200
