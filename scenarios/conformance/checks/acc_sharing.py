"""Sharing: what a share covers, who may give it, when it begins, and that it ends at once and altogether."""

import json
import time
from http import HTTPStatus

from scenarios.conformance.accounting import Facilities, create, facilities, manage, soon
from scenarios.conformance.archive import ANONYMOUS, Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.acc_existence import GUARDED
from scenarios.conformance.findings import CouldNotRun, Unsupported, expect, expect_equal
from scenarios.conformance.fixtures.instance import Instance

EXPIRES_S = 2.0
CLOCKS_DIFFER_S = 3.0  # at most, between harness and archive
REFUSED = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


def with_study(archive: Archive) -> tuple[Facilities, Instance]:
    """Store a study as the owner; nobody of the other facility sees it."""
    people, image = facilities(archive), archive.image("first", series="first")
    people.owner.stored(image)
    expect_equal(sees(people.owner, image), [image.uid], "the owner's instances")
    expect_equal(sees(people.guest, image), [], "the guest's instances before any share")
    return people, image


def sees(view: Archive, image: Instance) -> list[str]:
    """Return the instances of the study that a view finds, having retrieved or been refused each as well."""
    found = sorted(view.search(f"{image.study_path}/instances").uids)
    expected = HTTPStatus.OK if image.uid in found else HTTPStatus.NOT_FOUND
    expect_equal(view.get(image.path).status, expected, f"status of retrieval, {found} being found")
    return found


@check("ACC-029", writes=True, capability=GUARDED)
def a_share_of_a_study_covers_later_series(archive: Archive) -> None:
    """A guest who was given a study sees the series that is stored afterwards."""
    people, image = with_study(archive)
    people.share(image)
    later = archive.image("later", series="later")
    people.owner.stored(later)
    expect_equal(sees(people.guest, image), sorted([image.uid, later.uid]), "the guest's instances")


@check("ACC-029", writes=True, capability=GUARDED)
def a_share_of_a_series_covers_later_instances_of_it_alone(archive: Archive) -> None:
    """A guest who was given a series sees its later instance, and not the series stored afterwards."""
    people, image = with_study(archive)
    people.share(image, "series")
    more, later = archive.image("more", series="first", number=2), archive.image("later", series="later")
    people.owner.stored(more, later)
    expect_equal(sees(people.guest, image), sorted([image.uid, more.uid]), "the guest's instances")


@check("ACC-030", writes=True, capability=GUARDED)
def a_snapshot_covers_what_is_there(archive: Archive) -> None:
    """A guest who was given a snapshot of a study sees nothing of what is stored afterwards."""
    people, image = with_study(archive)
    people.share(image, snapshot=True)
    later, more = archive.image("later", series="later"), archive.image("more", series="first", number=2)
    people.owner.stored(later, more)
    expect_equal(sees(people.guest, image), [image.uid], "the guest's instances")


@check("ACC-031", writes=True, capability=GUARDED)
def sharing_needs_the_right_to_share(archive: Archive) -> None:
    """A guest who may only read, or does not see, a study cannot share it; the third user sees nothing."""
    people, image = with_study(archive)
    body = people.body(image, "study", to="third")
    for given in (False, True):
        if given:
            people.share(image)
        expect(manage(people.guest, "POST", "/shares", body).status in REFUSED, "403 or 404 for a share")
        expect_equal(sees(people.third, image), [], "the third user's instances")
    expect_equal(sees(people.guest, image), [image.uid], "the guest's instances")


@check("ACC-031", writes=True, capability=GUARDED)
def nobody_gives_more_than_they_hold(archive: Archive) -> None:
    """A guest with Q and S on one series gives Q on it, and neither R on it nor Q on the study."""
    people, image = with_study(archive)
    people.share(image, "series", operations="QS")
    for level, operations in (("series", "R"), ("study", "Q"), ("series", "A")):
        body = people.body(image, level, to="third", operations=operations)
        refusal = manage(people.guest, "POST", "/shares", body)
        expect(refusal.status in REFUSED, f"403 or 404 for {operations} on the {level}", got=refusal)
    create(people.guest, "/shares", people.body(image, "series", to="third", operations="Q"))
    expect_equal(people.third.search(f"{image.study_path}/series").uids, [image.series_uid], "series")
    expect_equal(people.third.get(image.path).status, HTTPStatus.FORBIDDEN, "status of a retrieval")


@check("ACC-032", writes=True, capability=GUARDED)
def a_share_has_a_beginning_and_an_end(archive: Archive) -> None:
    """Shares of tomorrow and of yesterday have no effect, and one from yesterday to tomorrow has."""
    people, image = with_study(archive)
    day = 86_400.0
    people.share(image, not_before=soon(day))
    people.share(image, not_before=soon(-2 * day), expires=soon(-day))
    expect_equal(sees(people.guest, image), [], "the guest's instances")
    people.share(image, not_before=soon(-day), expires=soon(day))
    expect_equal(sees(people.guest, image), [image.uid], "the guest's instances")


@check("ACC-032", writes=True, capability=GUARDED)
def a_share_expires_while_it_is_used(archive: Archive) -> None:
    """A share for two seconds is in force at first, and some seconds later it is not."""
    people, image = with_study(archive)
    people.share(image, expires=soon(EXPIRES_S))
    if people.guest.search("/studies", StudyInstanceUID=image.study_uid).uids != [image.study_uid]:
        raise CouldNotRun("the share was over when it was tried; the clocks may differ")
    end = time.monotonic() + EXPIRES_S + CLOCKS_DIFFER_S
    while people.guest.search("/studies", StudyInstanceUID=image.study_uid).uids:
        expect(time.monotonic() < end, f"nothing to see after {EXPIRES_S + CLOCKS_DIFFER_S:g} s")
        time.sleep(0.5)
    expect_equal(sees(people.guest, image), [], "the guest's instances")


@check("ACC-033", writes=True, capability=GUARDED)
def a_revoked_share_ends_at_once(archive: Archive) -> None:
    """The request after a revocation finds nothing and retrieves nothing, on the same connections."""
    people, image = with_study(archive)
    share = people.share(image)
    for _ in range(3):
        expect_equal(sees(people.guest, image), [image.uid], "the guest's instances")
    people.revoke(share)
    expect_equal(sees(people.guest, image), [], "the guest's instances after the revocation")
    for path in (f"{image.path}/metadata", f"{image.path}/frames/1", image.study_path):
        expect_equal(people.guest.get(path).status, HTTPStatus.NOT_FOUND, f"status of {path}")


@check("ACC-033", writes=True, capability=GUARDED)
def an_old_etag_does_not_outlive_a_share(archive: Archive) -> None:
    """A conditional request with an ETag from before the revocation gives 404, not 304."""
    people, image = with_study(archive)
    share = people.share(image)
    before = {
        path: people.guest.get(path) for path in (image.path, image.study_path, f"{image.path}/metadata")
    }
    for path, response in before.items():
        expect_equal(response.status, HTTPStatus.OK, f"status of {path} before")
    people.revoke(share)
    for path, response in before.items():
        for tag in (response.header("ETag") or '"guess"', "*"):
            after = people.guest.get(path, headers={"If-None-Match": tag})
            expect_equal(after.status, HTTPStatus.NOT_FOUND, f"status of {path} after")


@check("ACC-034", writes=True, capability=GUARDED)
def what_was_derived_ends_with_its_parent(archive: Archive) -> None:
    """The owner shares with the guest, the guest with the third user: revoking the first ends both."""
    people, image = with_study(archive)
    share = people.share(image, operations="RS")
    create(people.guest, "/shares", people.body(image, "study", to="third"))
    expect_equal(sees(people.third, image), [image.uid], "the third user's instances")
    people.revoke(share)
    for view in (people.guest, people.third):
        expect_equal(sees(view, image), [], f"instances of the {view.principal} after the revocation")


@check("ACC-035", writes=True, capability=GUARDED)
def a_share_with_a_group_reaches_its_members(archive: Archive) -> None:
    """A share with a role reaches the guest alone, one with the facility both its users, until revoked."""
    people, image = with_study(archive)
    one: list[str] = [image.uid]
    for kind, group, reached in (("role", "reader", (one, [])), ("facility", "away", (one, one))):
        share = people.share(image, kind=kind, to=group)
        expect_equal((sees(people.guest, image), sees(people.third, image)), reached, f"reached by {kind}")
        people.revoke(share)
        expect_equal(
            (sees(people.guest, image), sees(people.third, image)), ([], []), f"after the {kind}'s share"
        )


@check("ACC-036", writes=True, capability=GUARDED)
def of_two_shares_the_other_stays(archive: Archive) -> None:
    """Of a share of the study and one of the series, each alone keeps the image visible; none hides it."""
    people, image = with_study(archive)
    shares = [
        people.share(image),
        people.share(image, "series"),
        people.share(image, kind="facility", to="away"),
    ]
    for share in shares:
        expect_equal(sees(people.guest, image), [image.uid], "the guest's instances")
        people.revoke(share)
    expect_equal(sees(people.guest, image), [], "the guest's instances after the last revocation")


@check("ACC-037", writes=True, capability=GUARDED)
def a_share_with_everyone_ends(archive: Archive) -> None:
    """What was shared with anonymous callers is closed to them once the share is revoked."""
    people, image = with_study(archive)
    body = {**people.body(image, "study"), "subject": {"kind": ANONYMOUS}}
    anonymous = archive.as_principal(ANONYMOUS)
    response = manage(people.owner, "POST", "/shares", body)
    if response.status != HTTPStatus.CREATED or not anonymous.get(image.path).ok:
        raise Unsupported("the archive opens nothing to anonymous callers")
    people.revoke(json.loads(response.body)["id"])
    closed = {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}
    for path in (image.path, image.study_path, f"{image.path}/metadata"):
        expect(anonymous.get(path).status in closed, f"401 or 404 for {path}")
