"""Ownership is transferred whole, by who has it, and what was shared by virtue of it ends."""

from collections.abc import Iterator

import pytest

from tests.server.hospital import DESIGNS, Hospital, open_hospital
from tests.server.managing import call, done, found, new_study, new_user
from tests.server.running import RunningArchive


@pytest.fixture(scope="module", params=DESIGNS)
def hospital(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, ct: bytes
) -> Iterator[Hospital]:
    """One hospital in each design that decides; each test works with a study of its own."""
    archive = RunningArchive(tmp_path_factory.mktemp("ownership"), request.param).start()
    yield open_hospital(archive, ct)
    archive.end()
    archive.client.close()


def owner(study: str, repository: str = "north") -> str:
    return f"/repositories/{repository}/studies/{study}/owner"


def share(hospital: Hospital, study: str, name: str, operations: list[str], token: str) -> int:
    body = hospital.share("user", name, operations) | {"resource": {"repository": "north", "study": study}}
    return int(done(call(hospital, "POST", "/shares", body, token), 201)["id"])


def test_another_user_takes_over(hospital: Hospital) -> None:
    study = new_study(hospital, hospital.owner)
    share(hospital, study, "viewer", ["R"], hospital.owner)
    new = {"facility": "north", "user": "stranger"}
    assert done(call(hospital, "PUT", owner(study), new, hospital.owner)) == new
    assert done(call(hospital, "GET", owner(study), token=hospital.stranger)) == new
    by_facility = found(hospital, study, hospital.owner)  # still a member of the facility that owns it
    assert (by_facility, found(hospital, study, hospital.stranger)) == (1, 1)
    done(call(hospital, "PUT", owner(study), {"facility": "north"}, hospital.stranger))
    assert found(hospital, study, hospital.stranger) == 0


def test_a_study_moves_to_another_repository_with_all_that_is_in_it(hospital: Hospital) -> None:
    study = new_study(hospital, hospital.owner)
    derived = share(hospital, study, "viewer", ["R", "S"], hospital.owner)
    by_administrator = share(hospital, study, "reader", ["R"], hospital.administrator)
    new = {"facility": "south", "user": "stranger"}
    assert call(hospital, "PUT", owner(study), new, hospital.owner).status_code == 403  # may not store there
    assert done(call(hospital, "PUT", owner(study), new)) == new
    assert call(hospital, "GET", owner(study)).status_code == 404
    assert done(call(hospital, "GET", owner(study, "south"), token=hospital.stranger)) == new
    assert found(hospital, study, hospital.owner) == 0
    assert call(hospital, "GET", f"/shares/{derived}").status_code == 404
    moved = done(call(hospital, "GET", f"/shares/{by_administrator}"))
    assert moved["resource"] == {"repository": "south", "study": study}
    [row] = hospital.archive.get(f"/studies?StudyInstanceUID={study}", token=hospital.reader).json()
    assert row["00201208"]["Value"] == [1]
    assert hospital.archive.get(f"/studies/{study}", token=hospital.stranger).status_code == 200
    root = f"{hospital.archive.origin}/repositories/north/dicom-web/studies/{study}"
    assert hospital.archive.client.get(root).status_code in (401, 404)


def test_who_may_store_there_moves_a_study_there(hospital: Hospital) -> None:
    both = new_user(hospital, "both", facilities=["north", "south"])
    study = new_study(hospital, both)
    new = {"facility": "south", "user": "both"}
    assert done(call(hospital, "PUT", owner(study), new, both)) == new
    assert found(hospital, study, hospital.owner) == 0
    assert found(hospital, study, hospital.stranger) == 1  # of the facility that owns it now
    [row] = hospital.archive.get(f"/studies?StudyInstanceUID={study}", token=both).json()
    assert row["00201208"]["Value"] == [1]


def test_a_study_is_not_moved_onto_one_that_is_there(hospital: Hospital) -> None:
    """Both repositories hold the study; the refusal changes nothing."""
    study = str(hospital.dataset.StudyInstanceUID)
    elsewhere = new_user(hospital, "elsewhere", facilities=["south"])
    assert hospital.archive.store(hospital.content, token=elsewhere).status_code == 200
    before = done(call(hospital, "GET", owner(study)))
    assert call(hospital, "PUT", owner(study), {"facility": "south"}).status_code == 409
    assert done(call(hospital, "GET", owner(study))) == before == {"facility": "north", "user": "owner"}


def test_only_an_owner_transfers_and_only_to_who_exists(hospital: Hospital) -> None:
    study = new_study(hospital, hospital.owner)
    share(hospital, study, "reader", ["R", "S"], hospital.owner)
    new = {"facility": "north", "user": "reader"}
    assert call(hospital, "PUT", owner(study), new, hospital.stranger).status_code == 404
    assert call(hospital, "PUT", owner(study), new, hospital.reader).status_code == 403
    assert call(hospital, "GET", owner(study), token=hospital.reader).status_code == 200
    assert call(hospital, "GET", owner(study), token=hospital.stranger).status_code == 404
    for wrong in ({"facility": "nowhere"}, {"facility": "north", "user": "nobody"}, {"user": "reader"}):
        assert call(hospital, "PUT", owner(study), wrong, hospital.owner).status_code == 400
    assert call(hospital, "PUT", owner("1.2.3"), new, hospital.owner).status_code == 404


def test_a_category_opens_what_is_filed_under_it_to_who_has_the_permission(hospital: Hospital) -> None:
    study = new_study(hospital, hospital.owner)
    done(call(hospital, "POST", "/categories", {"name": "teaching"}), 201)
    student = new_user(hospital, "student", roles=["radiologist"])
    permission = "/categories/teaching/permissions/role/radiologist"
    done(call(hospital, "PUT", permission, {"operations": ["R"]}))
    body = hospital.share("category", "teaching", ["Q", "R", "S"])
    body["resource"] = {"repository": "north", "study": study}
    assert call(hospital, "POST", "/shares", body, hospital.stranger).status_code == 404
    filed = done(call(hospital, "POST", "/shares", body, hospital.owner), 201)["id"]
    assert hospital.archive.get(f"/studies/{study}", token=student).status_code == 200
    held = {
        "holder": {"kind": "role", "name": "radiologist"},
        "category": "teaching",
        "operations": ["Q", "R"],
    }
    assert done(call(hospital, "GET", "/roles/radiologist/permissions")) == [held]
    assert done(call(hospital, "GET", "/categories/teaching/permissions")) == [held]
    done(call(hospital, "PUT", permission, {"operations": ["Q"]}))
    assert hospital.archive.get(f"/studies/{study}", token=student).status_code == 403
    done(call(hospital, "DELETE", permission), 204)
    assert found(hospital, study, student) == 0
    assert call(hospital, "GET", permission).status_code == 404
    done(call(hospital, "PUT", permission, {"operations": ["R"]}))
    assert found(hospital, study, student) == 1
    done(call(hospital, "DELETE", f"/shares/{filed}", token=hospital.owner), 204)
    assert found(hospital, study, student) == 0
    snapshot = body | {"snapshot": True}
    assert call(hospital, "POST", "/shares", snapshot, hospital.owner).status_code == 400
    done(call(hospital, "DELETE", "/categories/teaching"), 204)


def test_effective_permissions_say_who_may_and_why(hospital: Hospital) -> None:
    study = new_study(hospital, hospital.owner)
    first = share(hospital, study, "viewer", ["R", "S"], hospital.owner)
    second = share(hospital, study, "reader", ["Q"], hospital.viewer)
    link = {"resource": {"repository": "north", "study": study}, "operations": ["R"]}
    done(call(hospital, "POST", "/links", link, hospital.owner), 201)
    path = f"/effective?repository=north&study={study}"
    answer = {
        (each["principal"]["kind"], each["principal"]["name"]): each
        for each in done(call(hospital, "GET", path, token=hospital.owner))
    }
    kinds = [kind for kind, _ in answer]
    assert kinds == ["link", *["user"] * (len(kinds) - 1)]
    assert answer["user", "owner"]["operations"] == ["Q", "R", "A", "D", "S", "O"]
    through = [each["through"] for each in answer["user", "owner"]["because"]]
    assert [] in through
    assert [{"kind": "facility", "name": "north"}] in through
    [reason] = answer["user", "reader"]["because"]
    assert (answer["user", "reader"]["operations"], reason["grant"]) == (["Q"], second)
    assert reason["derived_from"][0]["grant"] == first
    assert ("user", "stranger") not in answer
    assert call(hospital, "GET", path, token=hospital.stranger).status_code == 404
    assert call(hospital, "GET", path, token=hospital.reader).status_code == 403
    mine = f"{path}&principal=user/reader"
    assert [each["operations"] for each in done(call(hospital, "GET", mine, token=hospital.reader))] == [
        ["Q"]
    ]
    grants = done(call(hospital, "GET", "/users/reader/effective", token=hospital.reader))
    assert second in [each["grant"] for each in grants]
    assert call(hospital, "GET", "/users/owner/effective", token=hospital.reader).status_code == 403


def test_a_link_is_effective_as_far_as_its_issuer_is(hospital: Hospital) -> None:
    study = new_study(hospital, hospital.owner)
    share(hospital, study, "viewer", ["R", "S"], hospital.owner)
    link = {"resource": {"repository": "north", "study": study}, "operations": ["R"]}
    done(call(hospital, "POST", "/links", link, hospital.viewer), 201)

    def links() -> list[list[str]]:
        answer = done(call(hospital, "GET", f"/effective?repository=north&study={study}"))
        return [each["operations"] for each in answer if each["principal"]["kind"] == "link"]

    assert links() == [["Q", "R"]]
    done(call(hospital, "PATCH", "/users/viewer", {"disabled": True}))
    assert links() == []
    done(call(hospital, "PATCH", "/users/viewer", {"disabled": False}))
    assert links() == [["Q", "R"]]
