"""Shares are attenuated, live or a snapshot, bounded in time, and gone at once when they are revoked."""

from datetime import UTC, datetime, timedelta

import pytest
from pydicom.uid import generate_uid

from tests.server.hospital import EVERY_DESIGN, Hospital
from tests.server.running import bearer, changed


def another(content: bytes) -> bytes:
    """Return a further instance of the same series."""
    return changed(content, SOPInstanceUID=generate_uid())


def count(hospital: Hospital, token: str) -> int:
    """Return how many instances a caller finds, by listing and by every count that an answer states."""
    listed = len(hospital.archive.get("/instances", token=token).json())
    for path, tag in (("/studies", "00201208"), ("/series", "00201209")):
        results = hospital.archive.get(path, token=token).json()
        assert sum(each[tag]["Value"][0] for each in results) == listed
    return listed


def revoke(hospital: Hospital, share_id: int, token: str) -> int:
    url = f"{hospital.archive.origin}/accounting/shares/{share_id}"
    return hospital.archive.client.delete(url, headers=bearer(token)).status_code


def share(hospital: Hospital, body: dict[str, object], token: str) -> int:
    answer = hospital.archive.manage("/shares", body, token)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_a_live_share_covers_what_comes_later_and_a_snapshot_does_not(hospital: Hospital, ct: bytes) -> None:
    share(hospital, hospital.share("user", "stranger", ["R"], snapshot=True), hospital.owner)
    assert count(hospital, hospital.stranger) == count(hospital, hospital.reader) == 1
    assert hospital.archive.store(another(ct), token=hospital.owner).status_code == 200
    assert count(hospital, hospital.stranger) == 1
    assert count(hospital, hospital.reader) == 2


def test_a_revocation_acts_with_the_next_request(hospital: Hospital) -> None:
    share_id = share(hospital, hospital.share("user", "stranger", ["R"]), hospital.owner)
    assert hospital.archive.get(hospital.instance, token=hospital.stranger).status_code == 200
    assert revoke(hospital, share_id, hospital.owner) == 204
    assert hospital.archive.get(hospital.instance, token=hospital.stranger).status_code == 404
    assert revoke(hospital, share_id, hospital.owner) == 404


def test_what_was_derived_is_revoked_too(hospital: Hospital) -> None:
    first = share(hospital, hospital.share("user", "viewer", ["R", "S"]), hospital.owner)
    share(hospital, hospital.share("user", "stranger", ["R"]), hospital.viewer)
    assert count(hospital, hospital.stranger) == 1
    assert revoke(hospital, first, hospital.owner) == 204
    assert count(hospital, hospital.stranger) == 0


def test_a_study_reached_twice_is_counted_once(hospital: Hospital) -> None:
    for kind, name in (("facility", "south"), ("organization", "trust"), ("user", "reader")):
        share(hospital, hospital.share(kind, name, ["R"]), hospital.owner)
    assert count(hospital, hospital.reader) == 1


@pytest.mark.parametrize(
    ("issuer", "operations", "status"),
    [("viewer", ["Q"], 403), ("reader", ["R"], 403), ("stranger", ["Q"], 404), ("owner", ["O"], 400)],
)
def test_nobody_gives_more_than_they_may(
    hospital: Hospital, issuer: str, operations: list[str], status: int
) -> None:
    body = hospital.share("user", "stranger", operations)
    token: str = getattr(hospital, issuer)
    assert hospital.archive.manage("/shares", body, token).status_code == status


def test_a_sharer_gives_at_most_what_they_hold(hospital: Hospital) -> None:
    share(hospital, hospital.share("user", "viewer", ["Q", "S"]), hospital.owner)
    assert (
        hospital.archive.manage(
            "/shares", hospital.share("user", "stranger", ["R"]), hospital.viewer
        ).status_code
        == 403
    )
    share(hospital, hospital.share("user", "stranger", ["Q"]), hospital.viewer)


def test_shares_begin_and_expire(hospital: Hospital) -> None:
    now = datetime.now(UTC)
    past, future = (now - timedelta(hours=1)).isoformat(), (now + timedelta(hours=1)).isoformat()
    share(hospital, hospital.share("user", "stranger", ["R"], expires=past), hospital.owner)
    share(hospital, hospital.share("user", "stranger", ["R"], not_before=future), hospital.owner)
    assert count(hospital, hospital.stranger) == 0
    share(
        hospital, hospital.share("user", "stranger", ["R"], expires=future, not_before=past), hospital.owner
    )
    assert count(hospital, hospital.stranger) == 1


def test_a_derived_share_lasts_no_longer_than_its_parent(hospital: Hospital) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    body = hospital.share("user", "viewer", ["Q", "S"], expires=soon.isoformat())
    share(hospital, body, hospital.owner)
    share_id = share(hospital, hospital.share("user", "stranger", ["Q"]), hospital.viewer)
    url = f"{hospital.archive.origin}/accounting/shares"
    shares = hospital.archive.client.get(url, headers=bearer(hospital.owner)).json()
    [derived] = [each for each in shares if each["id"] == share_id]
    assert derived["expires"] == pytest.approx(soon.timestamp())


@pytest.mark.parametrize("hospital", EVERY_DESIGN, indirect=True)
def test_a_share_of_one_instance_shows_one_instance(hospital: Hospital, ct: bytes) -> None:
    hospital.archive.store(another(ct), another(ct), token=hospital.owner)
    body = hospital.share("user", "stranger", ["R"])
    body["resource"] |= {
        "series": str(hospital.dataset.SeriesInstanceUID),
        "instance": str(hospital.dataset.SOPInstanceUID),
    }
    share(hospital, body, hospital.owner)
    assert count(hospital, hospital.stranger) == 1
    assert count(hospital, hospital.owner) == 3


def test_shares_are_listed_for_those_who_manage_them(hospital: Hospital) -> None:
    url = f"{hospital.archive.origin}/accounting/shares"

    def listed(token: str) -> int:
        return len(hospital.archive.client.get(url, headers=bearer(token)).json())

    assert listed(hospital.owner) == listed(hospital.administrator) == 2
    assert listed(hospital.reader) == listed(hospital.stranger) == 0


def test_people_are_an_administrators_business(hospital: Hospital) -> None:
    for path in ("/organizations", "/facilities", "/roles", "/users", "/users/owner/tokens"):
        assert hospital.archive.manage(path, {"name": "x"}, hospital.owner).status_code == 403
        assert hospital.archive.manage(path, {"name": "x"}, "nonsense").status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/organizations", {"name": "trust"}, 409),
        ("/organizations", {}, 400),
        ("/organizations", {"name": 3}, 400),
        ("/facilities", {"name": "x", "organization": "none"}, 400),
        ("/users", {"name": "x", "facilities": ["none"], "roles": []}, 400),
        ("/users", {"name": "x", "facilities": "north"}, 400),
        ("/users/none/tokens", {"expires": None}, 404),
        ("/users/owner/tokens", {"expires": "tomorrow"}, 400),
        ("/shares", {"subject": {"kind": "ghost", "name": "x"}}, 400),
        ("/shares", {"subject": {"kind": "anonymous"}}, 400),
    ],
)
def test_management_says_what_is_wrong(
    hospital: Hospital, path: str, body: dict[str, object], status: int
) -> None:
    assert hospital.archive.manage(path, body, hospital.administrator).status_code == status


def test_an_expired_token_is_no_token(hospital: Hospital) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    answer = hospital.archive.manage("/users/owner/tokens", {"expires": past}, hospital.administrator)
    assert hospital.archive.get("/studies", token=answer.json()["token"]).status_code == 401
