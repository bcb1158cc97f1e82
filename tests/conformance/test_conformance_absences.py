"""What an archive does not have at all is told once: the checks that only read it could not run."""

from collections.abc import Callable
from typing import Any

import pytest

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import Check
from scenarios.conformance.clauses import clauses_of
from scenarios.conformance.findings import expect
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.runner import run_checks
from scenarios.conformance.target import Target
from scenarios.conformance.verdict import State

Serve = Callable[[Callable[[bytes], bytes]], str]
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
FOUND = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\nContent-Length: 2\r\n\r\n{}"


def reads_metadata(archive: Archive, base: Stock) -> None:
    expect(archive.get(f"{base['b'].path}/metadata").ok, "metadata")


def reads_frames(archive: Archive, base: Stock) -> None:
    expect(archive.get(f"{base['b'].path}/frames/1,2").ok, "frames")


def searches(archive: Archive, base: Stock) -> None:
    expect(archive.get("/series", {"PatientID": base["b"].patient_id}).ok, "series")


def is_wrong(archive: Archive, base: Stock) -> None:
    archive.get(f"{base['b'].path}/metadata")
    raise ZeroDivisionError


def has(*resources: bytes) -> Callable[[bytes], bytes]:
    """Return an archive that has these resources and no others."""

    def answer(request: bytes) -> bytes:
        line = request.partition(b"\r\n")[0]
        return FOUND if any(resource in line for resource in resources) else MISSING

    return answer


@pytest.mark.parametrize(
    ("family", "function", "resources", "state"),
    [
        ("neg", reads_metadata, (), State.COULD_NOT_RUN),
        ("neg", reads_frames, (b"/metadata",), State.COULD_NOT_RUN),
        ("meta", reads_metadata, (), State.FAIL),  # the requirement itself
        ("frm", reads_frames, (), State.FAIL),
        ("frm", reads_metadata, (), State.COULD_NOT_RUN),
        ("neg", reads_frames, (b"/frames/1 ",), State.FAIL),  # the archive has frames, but not these
        ("neg", searches, (), State.FAIL),
        ("neg", is_wrong, (), State.ERROR),
        ("neg", reads_metadata, (b"/metadata",), State.PASS),
    ],
)
def test_who_only_reads_what_is_absent_could_not_run(
    serve: Serve, family: str, function: Callable[..., Any], resources: tuple[bytes, ...], state: State
) -> None:
    check = Check(f"{family}/x/y", "It is true.", clauses_of(["QIDO-068"]), function, (F.BASE,))
    target = Target(serve(has(*resources)), read_only=True, seed="preloaded")
    run = run_checks([check], target)
    assert [result.state for result in run.results] == [state]
