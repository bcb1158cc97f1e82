"""The management API as a test speaks to it, and people and studies made for one test."""

from io import BytesIO
from typing import Any

import httpx
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.server.hospital import Hospital
from tests.server.running import bearer


def call(
    hospital: Hospital, method: str, path: str, body: Any = None, token: str | None = None
) -> httpx.Response:
    """Answer a request to the management API, by an administrator if not told otherwise."""
    url = path if path.startswith("/accounting") else f"/accounting{path}"
    headers = bearer(token or hospital.administrator)
    return hospital.archive.client.request(
        method, f"{hospital.archive.origin}{url}", json=body, headers=headers
    )


def done(answer: httpx.Response, status: int = 200) -> Any:
    """Return the content of an answer that has this status."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def new_study(hospital: Hospital, token: str) -> str:
    """Store a study of its own and return its UID."""
    dataset = dcmread(BytesIO(hospital.content))
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    buffer = BytesIO()
    dataset.save_as(buffer)
    assert hospital.archive.store(buffer.getvalue(), token=token).status_code == 200
    return str(dataset.StudyInstanceUID)


def new_user(hospital: Hospital, name: str, **more: Any) -> str:
    """Create a user and return a token of it."""
    done(call(hospital, "POST", "/users", {"name": name} | more), 201)
    return str(done(call(hospital, "POST", f"/users/{name}/tokens", {}), 201)["token"])


def found(hospital: Hospital, study: str, token: str) -> int:
    """Return how many rows a search for a study gives a caller."""
    return len(hospital.archive.get(f"/studies?StudyInstanceUID={study}", token=token).json())
