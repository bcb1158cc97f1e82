"""Retrieve Capabilities: OPTIONS on the base URL gives a true description of the service (PS3.18 8.9)."""

from http import HTTPStatus

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.findings import Unsupported, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.instance import Instance
from scenarios.conformance.message import Response
from scenarios.conformance.target import Capability
from scenarios.conformance.wadl import JSON, WADL, Description, is_template, read_json, read_xml

SEARCHES = {"studies", "series", "instances"}
NOT_THERE = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
INSTANCE = ("studies", "{}", "series", "{}", "instances", "{}")
# What the suite itself uses of any archive.
USED = (
    ("POST", ("studies",)),
    ("GET", ("studies",)),
    ("GET", INSTANCE),
    ("GET", (*INSTANCE, "metadata")),
    ("GET", (*INSTANCE, "frames", "{}")),
)


def options(archive: Archive, accept: str) -> Response:
    """Return what OPTIONS on the base URL gives, with or without a slash at its end."""
    response = archive.request("OPTIONS", "/", accept=accept)
    return response if response.ok and response.body else archive.request("OPTIONS", "", accept=accept)


def description(archive: Archive) -> Description:
    """Return the description of the service in WADL; that there is none is judged by CAP-001."""
    response = options(archive, WADL)
    if response.content_type.name != WADL:
        raise Unsupported(f"the archive does not describe itself: {response}")
    return read_xml(response.body)


@check("CAP-001", capability=Capability.CAPABILITIES)
def the_service_describes_itself(archive: Archive) -> None:
    """OPTIONS on the base URL, accepting WADL, gives a WADL document in that type."""
    response = options(archive, WADL)
    expect_equal(response.status, HTTPStatus.OK, "status of OPTIONS on the base URL")
    expect_equal(response.content_type.name, WADL, "Content-Type")
    expect(read_xml(response.body).bases, "a resources element", got=response.body[:60])


@check("CAP-002", capability=Capability.CAPABILITIES)
def the_description_is_of_this_service(archive: Archive) -> None:
    """The WADL has one resources element, whose base is the base URL, and declares /studies below it."""
    found = description(archive)
    bases = [base.rstrip("/") for base in found.bases]
    expect_equal(bases, [archive.target.base_url], "bases of the resources elements")
    expect(found.declares("GET", "studies"), "a resource /studies with GET", got=found.declared[:5])


@check("CAP-002", capability=Capability.CAPABILITIES)
def the_description_is_the_same_in_json(archive: Archive) -> None:
    """For application/json the description comes as Annex G writes it, with the same resources."""
    in_xml = description(archive)
    response = options(archive, JSON)
    expect_equal(response.status, HTTPStatus.OK, "status of OPTIONS accepting JSON")
    expect_equal(response.content_type.name, JSON, "Content-Type")
    in_json = read_json(response.body)
    expect(in_xml.declared, "declared resources", got=in_xml)
    expect_equal(set(in_json.declared), set(in_xml.declared), "resources in JSON")


def filled(path: tuple[str, ...], instance: Instance) -> str | None:
    """Return a declared path with its templates filled in, or None if we do not know what one means."""
    values = {
        "studies": instance.study_uid,
        "series": instance.series_uid,
        "instances": instance.uid,
        "frames": "1",
    }
    segments: list[str] = []
    for segment in path:
        if is_template(segment):
            value = values.get(segments[-1]) if segments else None
            if value is None:
                return None
            segments.append(value)
        else:
            segments.append(segment)
    return "".join(f"/{segment}" for segment in segments)


@check("CAP-003", needs=F.GRAD, capability=Capability.CAPABILITIES)
def what_is_declared_exists(archive: Archive, grad: Stock) -> None:
    """Every declared resource with GET answers for an image, and is neither 404 nor 405 nor 501."""
    ramp = grad["ramp"]
    asked = 0
    for each in description(archive).declared:
        path = filled(each.path, ramp) if "GET" in each.methods else None
        if not path or each.path[0] not in SEARCHES:
            continue
        key = {"PatientID": ramp.patient_id} if each.path[-1] in SEARCHES else None
        response = archive.get(path, key)
        expect(response.status not in NOT_THERE, f"{path} as declared", got=response)
        asked += 1
    expect(asked, "a declared resource of the Studies service", got="none")


@check("CAP-003", needs=F.GRAD, capability=Capability.CAPABILITIES)
def what_exists_is_declared(archive: Archive, grad: Stock) -> None:
    """Storing, searching and retrieving, which the archive does, are declared."""
    expect_equal([each.uid for each in archive.retrieve(grad["ramp"].path)], [grad["ramp"].uid], "instances")
    found = description(archive)
    missing = [f"{method} /{'/'.join(path)}" for method, path in USED if not found.declares(method, *path)]
    expect(not missing, "a declaration of everything that is there", got=missing)
