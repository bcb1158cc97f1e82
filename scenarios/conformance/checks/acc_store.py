"""Storing: it changes nothing of what another owns, tells nothing about it, and gives no right to read it."""

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import numpy as np

from scenarios.conformance.accounting import Facilities, facilities
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.acc_existence import GUARDED, stored_image
from scenarios.conformance.findings import expect, expect_equal
from scenarios.conformance.fixtures.instance import Instance

NOT_AUTHORIZED = 0x0124
SUCCESS = {HTTPStatus.OK, HTTPStatus.ACCEPTED}


def with_shared_study(archive: Archive, operations: str) -> tuple[Facilities, Instance]:
    """Store a study as the owner and give the guest these operations on it."""
    people, image = facilities(archive), archive.image("first")
    people.owner.stored(image)
    people.share(image, operations=operations)
    return people, image


def pixel_bytes(view: Archive, instance: Instance) -> list[bytes]:
    """Return the pixel data of each instance that a view retrieves at the path of an instance."""
    return [bytes(each.dataset.PixelData) for each in view.retrieve(instance.path)]


@check("ACC-022", writes=True, capability=GUARDED)
def a_store_into_a_study_without_the_right_is_0124(archive: Archive) -> None:
    """A reader's new instance for a shared study is refused with 0124H; the owner's study stays as it is."""
    people, image = with_shared_study(archive, "R")
    expect_equal([each.uid for each in people.guest.retrieve(image.study_path)], [image.uid], "what is read")
    added = archive.image("added", number=2)
    answer = people.guest.store(added)
    expect_equal(answer.status, HTTPStatus.CONFLICT, "status")
    expect_equal(dict(answer.failed), {added.uid: NOT_AUTHORIZED}, "failed instances and reasons")
    expect_equal(
        people.owner.search(f"{image.study_path}/instances").uids, [image.uid], "the owner's instances"
    )


@check("ACC-023", writes=True, capability=GUARDED)
def a_study_uid_of_another_repository_is_free(archive: Archive) -> None:
    """Another user stores a hidden study's UID with 200, and each finds one study with one own instance."""
    hidden = stored_image(archive)
    other = archive.as_principal("other")
    own = archive.image("own", study="hidden", number=2)
    answer = other.store(own)
    expect_equal(answer.status, HTTPStatus.OK, "status")
    expect(
        hidden.uid.encode() not in answer.response.body, "nothing of the hidden study", got=answer.response
    )
    for view, instance in ((other, own), (archive, hidden)):
        found = view.search(f"{instance.study_path}/instances")
        expect_equal(found.uids, [instance.uid], f"instances for {view.principal}")


@check("ACC-024", writes=True, capability=GUARDED)
def the_same_instance_uid_leaves_the_owners_object(archive: Archive) -> None:
    """Another user stores the same SOP Instance UID with other pixels: the owner's pixels stay."""
    hidden = stored_image(archive)
    forged = archive.image("hidden", study="hidden", pixels=np.full((8, 8), 7, np.uint16))
    expect_equal(forged.uid, hidden.uid, "SOP Instance UID")
    other = archive.as_principal("other")
    expect_equal(other.store(forged).status, HTTPStatus.OK, "status")
    expect_equal(pixel_bytes(archive, hidden), [hidden.dataset.PixelData], "the owner's pixels")
    expect_equal(pixel_bytes(other, hidden), [forged.dataset.PixelData], "the other user's pixels")


@check("ACC-024", writes=True, capability=GUARDED)
def a_reader_does_not_replace_an_instance(archive: Archive) -> None:
    """Who may only read a study does not replace an instance of it."""
    people, image = with_shared_study(archive, "R")
    forged = archive.image("first", pixels=np.full((8, 8), 7, np.uint16))
    expect_equal(people.guest.store(forged).status, HTTPStatus.CONFLICT, "status")
    for view in (people.owner, people.guest):
        expect_equal(pixel_bytes(view, image), [image.dataset.PixelData], f"pixels for the {view.principal}")


@check("ACC-025", writes=True, capability=GUARDED)
def conflicting_patient_attributes_change_and_tell_nothing(archive: Archive) -> None:
    """An instance with another name for a hidden study is answered without the owner's name, which stays."""
    people, hidden = facilities(archive), archive.image("hidden", PatientName="Secret^Owner")
    people.owner.stored(hidden)
    before = people.owner.search("/studies", StudyInstanceUID=hidden.study_uid).response.body
    expect(b"Secret" in before, "the owner's patient name", got=before[:200])
    conflicting = archive.image("conflicting", number=2, PatientName="Other^Name", PatientSex="F")
    answer = people.guest.store(conflicting)
    expect(answer.status in SUCCESS, "200 or 202", got=answer.response)
    expect(b"Secret" not in answer.response.body, "nothing of the hidden study", got=answer.response)
    after = people.owner.search("/studies", StudyInstanceUID=hidden.study_uid).response.body
    expect_equal(after, before, "the owner's study")


@check("ACC-026", writes=True, capability=GUARDED)
def appending_does_not_let_one_read(archive: Archive) -> None:
    """Who may append to a study, and find it, stores into it and still gets 403 for what was there."""
    people, image = with_shared_study(archive, "QA")
    added = archive.image("added", number=2)
    expect_equal(people.guest.store(added).status, HTTPStatus.OK, "status")
    there = people.owner.search(f"{image.study_path}/instances").uids
    expect_equal(sorted(there), sorted([image.uid, added.uid]), "the owner's instances")
    for path in (image.path, f"{image.path}/metadata", f"{image.path}/frames/1", image.study_path):
        expect_equal(people.guest.get(path).status, HTTPStatus.FORBIDDEN, f"status of {path}")


@check("ACC-027", writes=True, capability=GUARDED)
def a_mixed_payload_is_answered_instance_by_instance(archive: Archive) -> None:
    """One instance of a new study is stored, one for a read-only study refused with 0124H, in one 202."""
    people, image = with_shared_study(archive, "R")
    refused, stored = archive.image("added", number=2), archive.image("new", study="new")
    answer = people.guest.store(refused, stored)
    expect_equal(answer.status, HTTPStatus.ACCEPTED, "status")
    expect_equal(answer.stored, [stored.uid], "stored instances")
    expect_equal(dict(answer.failed), {refused.uid: NOT_AUTHORIZED}, "failed instances and reasons")
    expect_equal(people.guest.search(f"{stored.study_path}/instances").uids, [stored.uid], "the new study")
    expect_equal(
        people.owner.search(f"{image.study_path}/instances").uids, [image.uid], "the owner's instances"
    )


@check("ACC-028", writes=True, capability=GUARDED)
def two_owners_who_race_each_keep_their_own(archive: Archive) -> None:
    """Two users store the same UIDs with other pixels at once, eight times, and each reads its own."""
    views = (archive, archive.as_principal("other"))
    with ThreadPoolExecutor(len(views)) as pool:
        for turn in range(8):
            images = [
                archive.image("race", study=f"race-{turn}", pixels=np.full((8, 8), number, np.uint16))
                for number in (1, 2)
            ]
            answers = list(pool.map(lambda view, image: view.store(image).status, views, images))
            expect_equal(answers, [HTTPStatus.OK] * 2, "statuses")
            for view, image in zip(views, images, strict=True):
                expect_equal(pixel_bytes(view, image), [image.dataset.PixelData], "pixels of one's own")
