"""Changes are in the audit trail and secrets are not; administrators search it, and messages are PS3.15's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import httpx
import pytest
from jsonschema import Draft202012Validator

from reference_server.audit.event import Event
from reference_server.audit.file import AUDIT
from reference_server.audit.log import PARAMETERS
from reference_server.audit.record import Outcome
from tests.server.audit_schema import check_message
from tests.server.hospital import Hospital, open_hospital
from tests.server.running import RunningArchive, bearer
from tests.server.trail_reader import TrailReader


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, ct: bytes) -> Iterator[Hospital]:
    """A hospital with the trail as it is by default: in batches."""
    archive = RunningArchive(tmp_path_factory.mktemp("logged"), "grants").start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


def read(hospital: Hospital, path: str, token: str | None, accept: str = "*/*") -> httpx.Response:
    """Answer a GET of the management API."""
    headers = {"Accept": accept} | (bearer(token) if token else {})
    return hospital.archive.client.get(f"{hospital.archive.origin}/accounting{path}", headers=headers)


def found(hospital: Hospital, query: str = "") -> list[dict[str, Any]]:
    """Return the records that a search of the trail finds."""
    answer = read(hospital, f"/audit{query}", hospital.administrator)
    assert answer.status_code == 200, answer.text
    records: list[dict[str, Any]] = answer.json()
    return records


def test_the_people_and_shares_of_the_hospital_are_in_the_trail(hospital: Hospital) -> None:
    records = [each for each in reversed(found(hospital, "?limit=1000")) if each["method"] == "POST"][:15]
    assert [(each["path"], each["type"] and each["type"]["code"]) for each in records] == [
        ("/accounting/organizations", "110136"),
        ("/accounting/facilities", "110136"),
        ("/accounting/facilities", "110136"),
        ("/accounting/roles", "110136"),
        *(
            (path, "110137")
            for user in ("owner", "viewer", "reader", "stranger")
            for path in ("/accounting/users", f"/accounting/users/{user}/tokens")
        ),
        ("/dicom-web/studies", None),
        ("/accounting/shares", "110135"),
        ("/accounting/shares", "110135"),
    ]
    assert {each["principal"]["name"] for each in records} == {"root", "owner"}
    assert all((each["status"], each["outcome"]) in ((200, 0), (201, 0)) for each in records)
    assert '"viewer"' in next(each["asked"] for each in records if each["path"] == "/accounting/shares")


def test_the_command_that_makes_an_administrator_is_in_the_trail(hospital: Hospital) -> None:
    first = hospital.archive.administrator("second")
    # What the archive itself did just before may be written after it, with the batch.
    newest = next(each for each in found(hospital, "?limit=10") if each["method"] == "COMMAND")
    assert newest["path"] == "/accounting/users/second/tokens"
    assert newest["type"] == {"code": "110137", "meaning": "User Security Attributes Changed"}
    assert (newest["principal"]["kind"], newest["outcome"]) == ("operator", 0)
    assert first.encode() not in TrailReader(hospital.archive.data).content()


def test_a_share_its_refusal_and_its_end_leave_one_record_each(hospital: Hospital) -> None:
    trail = TrailReader(hospital.archive.data)
    found(hospital)
    trail.added()
    share = hospital.share("user", "stranger", ["R"])
    assert hospital.archive.manage("/shares", share, hospital.viewer).status_code == 403
    share_id = hospital.archive.manage("/shares", share, hospital.owner).json()["id"]
    url = f"{hospital.archive.origin}/accounting/shares/{share_id}"
    assert hospital.archive.client.delete(url, headers=bearer(hospital.owner)).status_code == 204
    found(hospital)
    log_used, *records = trail.added()
    assert log_used.event is Event.LOG_USED
    assert [(each.name, each.method, each.status, each.outcome) for each in records] == [
        ("viewer", "POST", 403, Outcome.MINOR_FAILURE),
        ("owner", "POST", 201, Outcome.SUCCESS),
        ("owner", "DELETE", 204, Outcome.SUCCESS),
    ]
    assert {each.event for each in records} == {Event.OBJECT_SECURITY}
    uid = str(hospital.dataset.StudyInstanceUID)
    assert [each.studies for each in records] == [((uid, None),), ((uid, None),), ()]
    read(hospital, f"/effective?repository=north&study={uid}", hospital.stranger)
    assert found(hospital, f"?study={uid}&limit=1")[0]["path"] == "/accounting/effective"


def test_no_token_is_ever_in_the_trail(hospital: Hospital) -> None:
    archive = hospital.archive
    link = archive.manage(
        "/links",
        {"resource": hospital.share("", "", [])["resource"], "operations": ["R"]},
        hospital.owner,
    ).json()["token"]
    signed = f"eyJhbGciOiJub25lIn0.{'c' * 80}.{'d' * 43}"
    tokens = [hospital.administrator, hospital.owner, hospital.viewer, link, signed, "B" * 43]
    for token in tokens:
        archive.get(hospital.instance, token=token)
        archive.get(f"/studies?access_token={token}", token=token)
        archive.get(f"/studies?access_token={token[:3]}%{ord(token[3]):02X}{token[4:]}", token=token)
        archive.get(f"/studies/{token}/metadata", token=token)
        archive.manage(f"/users/{token}/tokens", {"expires": None}, hospital.administrator)
        archive.manage("/users", {"name": token, "facilities": [], "roles": []}, hospital.owner)
    assert found(hospital, f"?user=owner&study={hospital.dataset.StudyInstanceUID}")
    content = TrailReader(archive.data).content()
    for token in tokens:
        assert max(token.split("."), key=len).encode() not in content
    assert b"owner" in content
    assert any(each["principal"]["kind"] == "link" and each["status"] == 200 for each in found(hospital))


def test_the_trail_is_searched_by_every_filter(hospital: Hospital) -> None:
    uid = str(hospital.dataset.StudyInstanceUID)
    before = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    assert hospital.archive.get(hospital.instance, token=hospital.stranger).status_code == 404
    assert hospital.archive.get(hospital.instance, token=hospital.reader).status_code == 200
    after = datetime.now(UTC).isoformat()
    assert [each["principal"]["name"] for each in found(hospital, f"?since={before}&study={uid}")] == [
        "reader",
        "stranger",
    ]
    (denied,) = found(hospital, f"?since={before}&until={after}&outcome=4")
    assert (denied["principal"], denied["status"]) == ({"kind": "user", "name": "stranger"}, 404)
    assert denied["studies"] == [{"study": uid, "patient": None}]
    (given,) = found(hospital, f"?since={before}&user=reader&limit=1")
    assert given["studies"] == [{"study": uid, "patient": hospital.dataset.PatientID}]
    assert given["event"] == {"code": "110104", "meaning": "DICOM Instances Transferred"}
    page = found(hospital, "?limit=2&offset=1")
    assert page[0]["id"] == page[1]["id"] + 1
    assert found(hospital, "?user=nobody-of-that-name") == []


def test_the_description_of_the_api_holds_for_every_record(hospital: Hospital) -> None:
    document = read(hospital, "/openapi.json", hospital.administrator).json()
    search = document["paths"]["/accounting/audit"]["get"]
    assert [each["name"] for each in search["parameters"]] == list(PARAMETERS)
    schema = search["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator(schema).validate(found(hospital, "?limit=1000"))
    one = document["paths"]["/accounting/audit/{id}"]["get"]["responses"]["200"]["content"]
    answer = read(hospital, "/audit/1", hospital.administrator)
    Draft202012Validator(one["application/json"]["schema"]).validate(answer.json())


@pytest.mark.parametrize(
    "query", ["?limit=1001", "?limit=-1", "?outcome=3", "?since=today", "?who=owner", "?user=a&user=b"]
)
def test_a_search_that_cannot_be_is_refused(hospital: Hospital, query: str) -> None:
    assert read(hospital, f"/audit{query}", hospital.administrator).status_code == 400


def test_only_administrators_read_the_trail_and_reading_is_recorded(hospital: Hospital) -> None:
    for path in ("/audit", "/audit/1"):
        assert read(hospital, path, hospital.owner).status_code == 403
        assert read(hospital, path, None).status_code == 401
        assert read(hospital, path, hospital.administrator).status_code == 200
    used, failed, refused = found(hospital, "?limit=3")
    assert (used["event"]["code"], used["principal"]["name"]) == ("110101", "root")
    assert (failed["event"]["code"], failed["status"]) == ("110114", 401)
    assert (refused["event"]["code"], refused["status"]) == ("110101", 403)
    assert read(hospital, "/audit/0", hospital.administrator).status_code == 404
    assert read(hospital, "/audit/9999999", hospital.administrator).status_code == 404
    assert read(hospital, "/audit/1", hospital.administrator, "text/plain").status_code == 406


def test_every_record_is_a_valid_message(hospital: Hospital) -> None:
    hospital.archive.get("/studies?PatientName=Doe%5EJohn", token=hospital.owner)
    hospital.archive.get("/studies", token="C" * 43)
    odd = {"name": "a\x01b<&>\U0001f600", "facilities": [], "roles": []}
    hospital.archive.manage("/users", odd, hospital.administrator)
    events = set()
    for record in found(hospital, "?limit=60"):
        answer = read(hospital, f"/audit/{record['id']}", hospital.administrator, "application/xml")
        assert answer.headers["content-type"] == "application/xml"
        message = fromstring(answer.content)
        check_message(message)
        assert_says(message, record)
        events.add(record["event"]["code"])
    assert {"110112", "110104", "110113", "110114", "110101"} <= events


def assert_says(message: Element, record: dict[str, Any]) -> None:
    """Hold a message against the JSON of the same record."""
    event = message.find("EventIdentification")
    assert event is not None
    assert event.get("EventOutcomeIndicator") == str(record["outcome"])
    assert event.get("EventActionCode") == record["action"]
    requestor, archive = message.findall("ActiveParticipant")
    assert (requestor.get("UserIsRequestor"), archive.get("UserIsRequestor")) == ("true", "false")
    assert requestor.get("UserID") == record["principal"]["name"]
    objects = [each.get("ParticipantObjectID") for each in message.iter("ParticipantObjectIdentification")]
    assert {each["study"] for each in record["studies"]} <= set(objects)
    assert {each["patient"] for each in record["studies"]} - {None} <= set(objects)


def test_without_accounting_or_with_audit_off_there_is_no_trail(tmp_path: Path, ct: bytes) -> None:
    for accounting, arguments in (("off", ()), ("grants", ("--audit", "off"))):
        archive = RunningArchive(tmp_path / accounting, accounting, arguments).start()
        if accounting == "off":
            archive.store(ct)
            archive.get("/studies")
            assert archive.client.get(f"{archive.origin}/accounting/audit").status_code == 404
        else:
            hospital = open_hospital(archive, ct)
            assert read(hospital, "/audit", hospital.administrator).status_code == 404
            assert read(hospital, "/audit", hospital.owner).status_code == 403
        archive.end()
        archive.client.close()
        commands = TrailReader(archive.data).added() if (archive.data / AUDIT).exists() else []
        assert [each.method for each in commands] == ([] if accounting == "off" else ["COMMAND"])
