"""Links and anonymous callers: whoever comes sees what was opened, no more, and only while it is open."""

import contextlib
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.server.hospital import EVERY_DESIGN, Hospital
from tests.server.running import bearer, changed


def link(hospital: Hospital, token: str, **more: Any) -> tuple[int, str]:
    body = {"resource": hospital.share("user", "x", ["R"])["resource"], "operations": ["R"]} | more
    answer = hospital.archive.manage("/links", body, token)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.json()["token"]


def status(hospital: Hospital, path: str, token: str | None = None) -> int:
    return hospital.archive.get(path, token=token).status_code


def revoke(hospital: Hospital, share_id: int, token: str) -> None:
    url = f"{hospital.archive.origin}/accounting/shares/{share_id}"
    hospital.archive.client.delete(url, headers=bearer(token)).raise_for_status()


def another_series(content: bytes) -> bytes:
    return changed(content, SeriesInstanceUID=generate_uid(), SOPInstanceUID=generate_uid())


def test_a_link_reaches_its_resource_and_nothing_else(hospital: Hospital, mr: bytes) -> None:
    assert hospital.archive.store(mr, token=hospital.owner).status_code == 200
    _, token = link(hospital, hospital.owner)
    assert status(hospital, hospital.instance, token) == 200
    studies = hospital.archive.get("/studies", token=token).json()
    assert [each["0020000D"]["Value"] for each in studies] == [[hospital.dataset.StudyInstanceUID]]
    assert hospital.archive.store(another_series(mr), token=token).status_code == 403
    assert (
        hospital.archive.manage("/shares", hospital.share("user", "viewer", ["R"]), token).status_code == 401
    )


def test_a_link_ends(hospital: Hospital) -> None:
    share_id, token = link(hospital, hospital.owner)
    assert status(hospital, hospital.instance, token) == 200
    revoke(hospital, share_id, hospital.owner)
    assert status(hospital, hospital.instance, token) == 401
    soon = datetime.now(UTC) + timedelta(seconds=1)
    _, short = link(hospital, hospital.owner, expires=soon.isoformat())
    assert status(hospital, hospital.instance, short) == 200
    time.sleep(1.1)
    assert status(hospital, hospital.instance, short) == 401


def leave(hospital: Hospital, user: str, role: str) -> None:
    """Take a user out of a role."""
    with contextlib.closing(sqlite3.connect(hospital.archive.data / "index.sqlite")) as index, index:
        index.execute(
            "DELETE FROM closure WHERE member_id = (SELECT id FROM principal WHERE name = ?)"
            " AND group_id = (SELECT id FROM principal WHERE name = ?)",
            (user, role),
        )


@pytest.mark.parametrize("hospital", EVERY_DESIGN, indirect=True)
def test_a_link_is_no_wider_than_its_issuer_at_the_time_of_use(hospital: Hospital, ct: bytes) -> None:
    """The issuer shares through a role, leaves it, and keeps one of two series: so do its links."""
    body = {"name": "guest", "facilities": ["south"], "roles": ["radiologist"]}
    hospital.archive.manage("/users", body, hospital.administrator).raise_for_status()
    answer = hospital.archive.manage("/users/guest/tokens", {"expires": None}, hospital.administrator)
    guest = answer.json()["token"]
    shared = hospital.share("role", "radiologist", ["R", "S"])
    hospital.archive.manage("/shares", shared, hospital.owner).raise_for_status()
    later = another_series(ct)
    assert hospital.archive.store(later, token=hospital.owner).status_code == 200
    study = {"repository": "north", "study": str(hospital.dataset.StudyInstanceUID)}
    kept = study | {"series": str(dcmread(BytesIO(later)).SeriesInstanceUID)}
    keep = hospital.share("user", "guest", ["R"]) | {"resource": kept}
    hospital.archive.manage("/shares", keep, hospital.owner).raise_for_status()

    _, to_study = link(hospital, guest)
    _, to_series = link(hospital, guest, resource=study | {"series": str(hospital.dataset.SeriesInstanceUID)})
    assert len(hospital.archive.get("/instances", token=to_study).json()) == 2
    assert len(hospital.archive.get("/instances", token=to_series).json()) == 1
    leave(hospital, "guest", "radiologist")
    for level in ("/studies", "/series", "/instances"):
        assert len(hospital.archive.get(level, token=to_study).json()) == 1
        assert hospital.archive.get(level, token=to_series).json() == []
    assert status(hospital, hospital.study, to_series) == status(hospital, hospital.instance, to_study) == 404


def test_a_link_needs_the_right_to_share(hospital: Hospital) -> None:
    body = {"resource": hospital.share("user", "x", ["R"])["resource"], "operations": ["R"]}
    for token, expected in ((hospital.reader, 403), (hospital.stranger, 404), (hospital.administrator, 404)):
        assert hospital.archive.manage("/links", body, token).status_code == expected
    wide = body | {"operations": ["R", "A"]}
    assert hospital.archive.manage("/links", wide, hospital.owner).status_code == 400


@pytest.mark.parametrize("hospital", EVERY_DESIGN, indirect=True)
def test_what_is_opened_to_anonymous_callers_is_open_until_it_is_revoked(
    hospital: Hospital, mr: bytes
) -> None:
    assert hospital.archive.store(mr, token=hospital.owner).status_code == 200
    assert status(hospital, hospital.instance) == status(hospital, "/studies") == 401
    body = hospital.share("anonymous", "anonymous", ["R"])
    share_id = hospital.archive.manage("/shares", body, hospital.owner).json()["id"]
    assert status(hospital, hospital.instance) == 200
    studies = hospital.archive.get("/studies").json()
    assert [each["0020000D"]["Value"] for each in studies] == [[hospital.dataset.StudyInstanceUID]]
    hidden = dcmread(BytesIO(mr)).StudyInstanceUID
    unknown = hospital.archive.get("/studies/1.2.3")
    assert unknown.status_code == 401
    assert hospital.archive.get(f"/studies/{hidden}").content == unknown.content
    assert hospital.archive.store(mr).status_code == 401
    assert status(hospital, hospital.instance, "not-a-token") == 401
    revoke(hospital, share_id, hospital.owner)
    assert status(hospital, hospital.instance) == status(hospital, "/studies") == 401


def test_anonymous_callers_only_read(hospital: Hospital) -> None:
    for letter in ("A", "S", "D"):
        body = hospital.share("anonymous", "anonymous", ["R", letter])
        assert hospital.archive.manage("/shares", body, hospital.owner).status_code == 400
