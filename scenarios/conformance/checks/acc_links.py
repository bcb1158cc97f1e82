"""Links: opaque tokens that open one resource to whoever bears them, for a time."""

import json
import time
from http import HTTPStatus
from typing import Any

from scenarios.conformance.accounting import Facilities, manage, soon, with_token
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.acc_existence import GUARDED
from scenarios.conformance.checks.acc_sharing import CLOCKS_DIFFER_S, EXPIRES_S, with_study
from scenarios.conformance.findings import Unsupported, expect_equal
from scenarios.conformance.fixtures.instance import Instance


def link(people: Facilities, image: Instance, **more: Any) -> tuple[int, Archive]:
    """Return the id of a new link to the study, and the archive as its bearer sees it."""
    body = {key: value for key, value in people.body(image, "study", **more).items() if key != "subject"}
    response = manage(people.owner, "POST", "/links", body)
    if response.status != HTTPStatus.CREATED:
        raise Unsupported(f"the accounting API issues no links: {response}")
    issued = json.loads(response.body)
    return issued["id"], with_token(people.owner, "link", issued["token"])


@check("ACC-038", writes=True, capability=GUARDED)
def a_link_opens_one_study(archive: Archive) -> None:
    """The bearer of a link to a study finds and retrieves that study, and no other one of its issuer."""
    people, image = with_study(archive)
    other = archive.image("other", study="other", series="other", PatientID=image.patient_id)
    people.owner.stored(other)
    _, bearer = link(people, image)
    found = bearer.search("/studies", PatientID=image.patient_id).uids
    expect_equal(found, [image.study_uid], "studies for the bearer")
    statuses = [bearer.get(each.path).status for each in (image, other)]
    expect_equal(statuses, [HTTPStatus.OK, HTTPStatus.NOT_FOUND], "status of the study and of the other")


@check("ACC-038", writes=True, capability=GUARDED)
def a_revoked_link_opens_nothing(archive: Archive) -> None:
    """A link ends at once when it is revoked: its token is not valid any more."""
    people, image = with_study(archive)
    share, bearer = link(people, image)
    expect_equal(bearer.get(image.path).status, HTTPStatus.OK, "status before")
    people.revoke(share)
    expect_equal(bearer.get(image.path).status, HTTPStatus.UNAUTHORIZED, "status after")


@check("ACC-038", writes=True, capability=GUARDED)
def a_link_expires(archive: Archive) -> None:
    """A link that expires in two seconds opens the study now, and nothing five seconds later."""
    people, image = with_study(archive)
    _, bearer = link(people, image, expires=soon(EXPIRES_S))
    expect_equal(bearer.get(image.path).status, HTTPStatus.OK, "status before")
    time.sleep(EXPIRES_S + CLOCKS_DIFFER_S)
    expect_equal(bearer.get(image.path).status, HTTPStatus.UNAUTHORIZED, "status after")
