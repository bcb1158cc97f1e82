"""Every component over HTTP: created, read, listed, changed and removed; what is wrong is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.hospital import Hospital, open_hospital
from tests.server.managing import call, done, found, new_study, new_user
from tests.server.running import RunningArchive


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, ct: bytes) -> Iterator[Hospital]:
    """One hospital for all tests here; each works with names and studies of its own."""
    archive = RunningArchive(tmp_path_factory.mktemp("management"), "grants").start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


COMPONENTS = [
    ("organizations", {"name": "o1"}, {"name": "o1", "facilities": []}, {"name": "o2"}),
    (
        "facilities",
        {"name": "f1", "organization": "trust"},
        {"name": "f1", "organization": "trust", "studies": 0},
        {"name": "f2"},
    ),
    ("roles", {"name": "r1"}, {"name": "r1"}, {"name": "r2"}),
    ("categories", {"name": "c1"}, {"name": "c1"}, {"name": "c2"}),
    (
        "users",
        {"name": "u1", "facilities": ["south", "north"], "roles": ["radiologist"]},
        {
            "name": "u1",
            "administrator": False,
            "disabled": False,
            "facilities": ["south", "north"],
            "roles": ["radiologist"],
            "organizations": [],
        },
        {"name": "u2"},
    ),
]


@pytest.mark.parametrize(
    ("noun", "body", "stands", "change"), COMPONENTS, ids=[each[0] for each in COMPONENTS]
)
def test_a_component_is_created_read_changed_and_removed(
    hospital: Hospital, noun: str, body: dict[str, Any], stands: dict[str, Any], change: dict[str, Any]
) -> None:
    path = f"/{noun}/{body['name']}"
    assert done(call(hospital, "POST", f"/{noun}", body), 201) == {"name": body["name"]}
    assert call(hospital, "POST", f"/{noun}", body).status_code == 409
    assert done(call(hospital, "GET", path)) == stands
    assert stands in done(call(hospital, "GET", f"/{noun}"))
    assert done(call(hospital, "PATCH", path, change)) == stands | change
    assert call(hospital, "GET", path).status_code == 404
    assert call(hospital, "PATCH", path, change).status_code == 404
    new_path = f"/{noun}/{change['name']}"
    assert done(call(hospital, "GET", new_path)) == stands | change
    assert done(call(hospital, "DELETE", new_path), 204) is None
    for method, content in (("GET", None), ("DELETE", None), ("PATCH", change)):
        assert call(hospital, method, new_path, content).status_code == 404
    assert change["name"] not in [each["name"] for each in done(call(hospital, "GET", f"/{noun}"))]


def test_lists_come_in_pages(hospital: Hospital) -> None:
    names = [f"page {at} ä&?" for at in range(5)]
    for name in names:
        done(call(hospital, "POST", "/roles", {"name": name}), 201)
    collected, path = [], "/accounting/roles?limit=2"
    while path:
        answer = call(hospital, "GET", path)
        assert len(done(answer)) <= 2
        collected += [each["name"] for each in done(answer)]
        path = answer.links.get("next", {}).get("url", "")
    assert collected == sorted(["radiologist", *names])
    for limit in ("0", "1001", "-1", "x", "1.5", ""):
        assert call(hospital, "GET", f"/roles?limit={limit}").status_code == 400


@pytest.mark.parametrize(
    "name", ["a/b", "", ".", "..", " a", "a\n", "a\x00b", "a\x7f", "\u2028", "a\u202eb", "x" * 201]
)
def test_a_name_that_could_be_taken_for_something_else_is_refused(hospital: Hospital, name: str) -> None:
    assert call(hospital, "POST", "/roles", {"name": name}).status_code == 400
    assert call(hospital, "PATCH", "/roles/radiologist", {"name": name}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/roles", {"name": "x", "colour": "red"}),
        ("POST", "/users", {"name": "x", "roles": "radiologist"}),
        ("PATCH", "/users/owner", {"disabled": "yes"}),
        ("PATCH", "/users/owner", {"roles": ["nobody has this role"]}),
        ("PATCH", "/facilities/north", {"organization": "nowhere"}),
        ("POST", "/roles", ["name"]),
        ("POST", "/roles", None),
        ("GET", "/roles?colour=red", None),
        ("GET", "/roles?limit=1&limit=2", None),
        ("GET", "/effective", None),
        ("GET", "/shares?after=x", None),
    ],
)
def test_what_is_not_understood_is_refused(hospital: Hospital, method: str, path: str, body: Any) -> None:
    assert call(hospital, method, path, body).status_code == 400


def test_a_payload_is_bounded(hospital: Hospital) -> None:
    assert call(hospital, "POST", "/roles", {"name": "x" * 70_000}).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/users",
        "/users/owner",
        "/users/nobody",
        "/users/owner/tokens",
        "/roles",
        "/categories",
        "/facilities",
    ],
)
def test_people_are_read_by_administrators_alone(hospital: Hospital, path: str) -> None:
    assert call(hospital, "GET", path, token=hospital.owner).status_code == 403
    assert call(hospital, "GET", path, token="nonsense").status_code == 401


def test_a_facility_that_holds_studies_and_an_organization_with_facilities_stay(hospital: Hospital) -> None:
    assert call(hospital, "DELETE", "/facilities/north").status_code == 409
    assert call(hospital, "DELETE", "/organizations/trust").status_code == 409
    assert found(hospital, str(hospital.dataset.StudyInstanceUID), hospital.owner) == 1


def test_a_renamed_facility_takes_its_repository_along(hospital: Hospital) -> None:
    done(call(hospital, "POST", "/facilities", {"name": "before", "organization": "trust"}), 201)
    token = new_user(hospital, "mover", facilities=["before"])
    study = new_study(hospital, token)
    done(call(hospital, "PATCH", "/facilities/before", {"name": "afterwards"}))
    [row] = hospital.archive.get(f"/studies?StudyInstanceUID={study}", token=token).json()
    [url] = row["00081190"]["Value"]
    assert "/repositories/before/" not in url
    owner = f"/repositories/afterwards/studies/{study}/owner"
    assert done(call(hospital, "GET", owner)) == {"facility": "afterwards", "user": "mover"}
    assert call(hospital, "PATCH", "/facilities/afterwards", {"name": "north"}).status_code == 409


def test_a_disabled_user_is_nobody_until_it_is_enabled(hospital: Hospital) -> None:
    token = new_user(hospital, "sleeper", facilities=["north"])
    study = str(hospital.dataset.StudyInstanceUID)
    assert found(hospital, study, token) == 1
    done(call(hospital, "PATCH", "/users/sleeper", {"disabled": True}))
    assert hospital.archive.get("/studies", token=token).status_code == 401
    done(call(hospital, "PATCH", "/users/sleeper", {"disabled": False}))
    assert found(hospital, study, token) == 1
    done(call(hospital, "PATCH", "/users/sleeper", {"facilities": []}))
    assert found(hospital, study, token) == 0
    assert done(call(hospital, "GET", "/users/sleeper"))["facilities"] == []


def test_tokens_are_listed_without_their_secret_and_revoked(hospital: Hospital) -> None:
    token = new_user(hospital, "keeper")
    other = done(call(hospital, "POST", "/users/keeper/tokens", {"expires": "2999-01-01T00:00:00Z"}), 201)
    listed = done(call(hospital, "GET", "/users/keeper/tokens"))
    assert sorted(each["expires"] is None for each in listed) == [False, True]
    assert token not in str(listed)
    assert other["token"] not in str(listed)
    [first] = [each["id"] for each in listed if each["expires"] is None]
    done(call(hospital, "DELETE", f"/users/keeper/tokens/{first}"), 204)
    assert call(hospital, "DELETE", f"/users/keeper/tokens/{first}").status_code == 404
    assert call(hospital, "DELETE", f"/users/owner/tokens/{first}").status_code == 404
    assert hospital.archive.get("/studies", token=token).status_code == 401
    assert hospital.archive.get("/studies", token=other["token"]).status_code == 200


def test_a_removed_user_leaves_nothing_behind(hospital: Hospital) -> None:
    """What it stored stays with its facility, what it shared ends, and its name starts anew."""
    token = new_user(hospital, "leaver", facilities=["north"])
    study = new_study(hospital, token)
    share = hospital.share("user", "stranger", ["R"]) | {"resource": {"repository": "north", "study": study}}
    done(call(hospital, "POST", "/shares", share, token), 201)
    assert found(hospital, study, hospital.stranger) == 1
    done(call(hospital, "DELETE", "/users/leaver"), 204)
    assert hospital.archive.get("/studies", token=token).status_code == 401
    assert found(hospital, study, hospital.stranger) == 0
    assert found(hospital, study, hospital.owner) == 1  # a colleague, by the facility's ownership
    again = new_user(hospital, "leaver", facilities=["south"])
    assert hospital.archive.get("/studies", token=again).json() == []
    assert hospital.archive.get("/studies", token=token).status_code == 401


def test_a_share_is_read_by_who_manages_it(hospital: Hospital) -> None:
    study = new_study(hospital, hospital.owner)
    share = hospital.share("user", "reader", ["R"]) | {"resource": {"repository": "north", "study": study}}
    key = done(call(hospital, "POST", "/shares", share, hospital.owner), 201)["id"]
    read = done(call(hospital, "GET", f"/shares/{key}", token=hospital.owner))
    assert (read["id"], read["operations"], read["granted_by"]) == (key, ["Q", "R"], "owner")
    assert call(hospital, "GET", f"/shares/{key}", token=hospital.reader).status_code == 403
    assert call(hospital, "GET", f"/shares/{key}", token=hospital.stranger).status_code == 404
    also = share | {"subject": {"kind": "user", "name": "stranger"}}
    done(call(hospital, "POST", "/shares", also, hospital.owner), 201)
    # who sees what is shared does not learn with whom else
    assert call(hospital, "GET", f"/shares/{key}", token=hospital.stranger).status_code == 404
    assert call(hospital, "DELETE", f"/shares/{key}", token=hospital.stranger).status_code == 404
    for number in ("0", "x", "9" * 30, "²", str(key + 1000)):
        assert call(hospital, "GET", f"/shares/{number}", token=hospital.owner).status_code == 404
    link = {"resource": {"repository": "north", "study": study}, "operations": ["R"]}
    link_id = done(call(hospital, "POST", "/links", link, hospital.owner), 201)["id"]
    assert link_id in [each["id"] for each in done(call(hospital, "GET", "/links", token=hospital.owner))]


def test_the_description_is_of_what_is_served(hospital: Hospital) -> None:
    answer = hospital.archive.client.get(f"{hospital.archive.origin}/accounting/openapi.json")
    document = done(answer)
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": hospital.archive.origin}]
    assert "post" in document["paths"]["/accounting/users"]
    assert "delete" in document["paths"]["/accounting/users/{name}/tokens/{id}"]
