"""Existence: to a caller who may not see it, an object is as absent as one that never was."""

import json
from collections.abc import Iterator
from http import HTTPStatus

import numpy as np

from scenarios.conformance.accounting import visible_part
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.target import Capability

GUARDED = Capability.ACCESS_CONTROL
PIXEL_DATA = "/bulkdata/7FE00010"


def stored_image(archive: Archive, label: str = "hidden") -> Instance:
    """Store an image that only its owner may see, and show that the owner does see it."""
    instance = archive.image(label, study=label)
    archive.stored(instance)
    expect_equal(
        [each.uid for each in archive.retrieve(instance.path)], [instance.uid], "the owner's retrieval"
    )
    return instance


def pairs(hidden: Instance, absent: Instance) -> Iterator[tuple[str, str]]:
    """Yield the paths of a hidden study, series and instance, each with that of an absent one."""
    yield hidden.study_path, absent.study_path
    yield hidden.series_path, absent.series_path
    yield hidden.path, absent.path


def expect_alike(archive: Archive, method: str, hidden: str, absent: str, **headers: str) -> None:
    """Expect one and the same 404 for both paths, save for the identifiers that the caller sent."""
    first = archive.request(method, hidden, headers=headers)
    second = archive.request(method, absent, headers=headers)
    expect_equal(first.status, HTTPStatus.NOT_FOUND, f"status of {method} {hidden}")
    expect_equal(visible_part(first), visible_part(second), "answer for hidden, compared with absent")


@check("ACC-001", writes=True, capability=GUARDED)
def a_hidden_object_is_answered_like_an_absent_one(archive: Archive) -> None:
    """Another user gets the same 404 for a hidden study, series and instance as for absent ones."""
    hidden, absent = stored_image(archive), archive.image("absent", study="absent")
    for here, nowhere in pairs(hidden, absent):
        expect_alike(archive.as_principal("other"), "GET", here, nowhere)


@check("ACC-002", writes=True, capability=GUARDED)
def no_resource_below_a_hidden_object_exists(archive: Archive) -> None:
    """Metadata, frames and bulk data of a hidden instance give the 404 of an absent one."""
    hidden, absent = stored_image(archive), archive.image("absent", study="absent")
    for here, nowhere in pairs(hidden, absent):
        expect_alike(archive.as_principal("other"), "GET", f"{here}/metadata", f"{nowhere}/metadata")
    for below in ("/frames/1", PIXEL_DATA, "/rendered", "/thumbnail"):
        expect_alike(archive.as_principal("other"), "GET", hidden.path + below, absent.path + below)


@check("ACC-003", writes=True, capability=GUARDED)
def wado_uri_keeps_the_secret(archive: Archive) -> None:
    """WADO-URI answers a hidden object as it answers an absent one."""
    hidden, absent = stored_image(archive), archive.image("absent", study="absent")

    def address(instance: Instance) -> str:
        uids = f"studyUID={instance.study_uid}&seriesUID={instance.series_uid}&objectUID={instance.uid}"
        return f"{archive.target.wado_uri}?requestType=WADO&{uids}"

    if not archive.get(address(hidden)).ok:
        raise Unsupported("the archive does not answer its owner by WADO-URI")
    expect_alike(archive.as_principal("other"), "GET", address(hidden), address(absent))


@check("ACC-004", writes=True, capability=GUARDED)
def no_path_leads_across_studies(archive: Archive) -> None:
    """A hidden instance is not found below the caller's study, nor the caller's below a hidden study."""
    other = archive.as_principal("other")
    hidden, own = stored_image(archive), stored_image(other, "own")
    for outer, inner in ((own, hidden), (hidden, own)):
        crossed = f"{outer.study_path}/series/{inner.series_uid}"
        for path in (crossed, f"{crossed}/instances/{inner.uid}"):
            expect_equal(other.get(path).status, HTTPStatus.NOT_FOUND, f"status of {path}")
    inside = f"{own.series_path}/instances/{hidden.uid}"
    expect_equal(other.get(inside).status, HTTPStatus.NOT_FOUND, f"status of {inside}")


@check("ACC-005", writes=True, capability=GUARDED)
def head_and_range_reveal_nothing(archive: Archive) -> None:
    """HEAD and Range requests of a hidden object give the 404 of an absent one."""
    hidden, absent = stored_image(archive), archive.image("absent", study="absent")
    for here, nowhere in pairs(hidden, absent):
        expect_alike(archive.as_principal("other"), "HEAD", here, nowhere)
        expect_alike(archive.as_principal("other"), "GET", here, nowhere, Range="bytes=0-9")


@check("ACC-005", writes=True, capability=GUARDED)
def options_reveal_nothing(archive: Archive) -> None:
    """OPTIONS answers the same for a hidden study, series and instance as for absent ones."""
    hidden, absent = stored_image(archive), archive.image("absent", study="absent")
    other = archive.as_principal("other")
    for here, nowhere in pairs(hidden, absent):
        answers = [visible_part(other.request("OPTIONS", path)) for path in (here, nowhere)]
        expect_equal(answers[0], answers[1], f"answer to OPTIONS {here}, compared with absent")


@check("ACC-006", writes=True, capability=GUARDED)
def a_condition_does_not_reveal_a_hidden_object(archive: Archive) -> None:
    """If-None-Match with the owner's ETag, a guess or * gives 404 for a hidden object, never 304."""
    hidden, absent = stored_image(archive), archive.image("absent", study="absent")
    for here, nowhere in pairs(hidden, absent):
        tag = archive.get(here).header("ETag")
        for condition in filter(None, (tag, '"guess"', "*")):
            headers = {"If-None-Match": condition}
            expect_alike(archive.as_principal("other"), "GET", here, nowhere, **headers)


@check("ACC-039", writes=True, capability=GUARDED)
def urls_given_to_one_do_not_work_for_another(archive: Archive) -> None:
    """The Retrieve URL and the bulk data URIs that the owner was given are 404 for another user."""
    hidden = stored_image(archive)
    metadata = archive.metadata(hidden.path)
    found = archive.search("/studies", StudyInstanceUID=hidden.study_uid)
    links = [(found.only.text("RetrieveURL"), found.response)]
    links += [(entry["BulkDataURI"], metadata.response) for entry in _bulk_data(metadata.response.body)]
    given = [(uri, response) for uri, response in links if uri]
    if not given:
        raise Unsupported("the archive gives neither Retrieve URLs nor bulk data URIs")
    for uri, response in given:
        expect(archive.follow(uri, response).ok, "the URL works for its owner", got=uri)
        answer = archive.as_principal("other").follow(uri, response)
        expect_equal(answer.status, HTTPStatus.NOT_FOUND, f"status of {uri} for another user")


def _bulk_data(body: bytes) -> list[dict[str, str]]:
    """Return the attributes of DICOM JSON that have a bulk data URI."""
    attributes = [entry for dataset in json.loads(body) for entry in dataset.values()]
    return [entry for entry in attributes if "BulkDataURI" in entry]


@check("ACC-040", writes=True, capability=GUARDED)
def a_frame_list_of_a_hidden_instance_is_not_found(archive: Archive) -> None:
    """Every frame list of a hidden two-frame instance is 404, whether its frames exist or not."""
    hidden = archive.image("frames", pixels=np.zeros((2, 4, 4), np.uint8))
    archive.stored(hidden)
    expect_equal(len(archive.frames(hidden.path, "1,2")), 2, "frames for the owner")
    for numbers in ("1", "2", "1,2", "1,3", "3"):
        status = archive.as_principal("other").get(f"{hidden.path}/frames/{numbers}").status
        expect_equal(status, HTTPStatus.NOT_FOUND, f"status of frames {numbers}")


@check("ACC-041", writes=True, capability=GUARDED)
def a_rendered_image_is_not_served_to_another(archive: Archive) -> None:
    """A rendered image and a thumbnail that were just made for the owner are 404 for another user."""
    hidden = stored_image(archive)
    made = [path for path in ("/rendered", "/thumbnail") if archive.get(hidden.path + path).ok]
    if not made:
        raise Unsupported("the archive renders nothing")
    for path in made:
        status = archive.as_principal("other").get(hidden.path + path).status
        expect_equal(status, HTTPStatus.NOT_FOUND, f"status of {path}")


@check("ACC-046", writes=True, capability=GUARDED)
def a_search_below_a_hidden_study_is_empty(archive: Archive) -> None:
    """Searches below a hidden study or series give the same empty answer as below absent ones."""
    hidden, absent = stored_image(archive), archive.image("absent", study="absent")
    other = archive.as_principal("other")
    own = archive.search(f"{hidden.study_path}/series")
    expect_equal(own.uids, [hidden.series_uid], "the owner's own search")
    searches = ("study_path/series", "study_path/instances", "series_path/instances")
    for path in searches:
        base, _, level = path.partition("/")
        here, nowhere = (other.search(f"{getattr(each, base)}/{level}") for each in (hidden, absent))
        expect_equal(here.uids, [], f"results of a search of {level} below a hidden {base}")
        expect_equal(visible_part(here.response), visible_part(nowhere.response), "answer, as for absent")
