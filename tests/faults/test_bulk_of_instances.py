"""The check of instances as bulk data bites, too, though the reference archive refuses that old form.

The proxy lends the archive the form: what asks for instances as octet streams is answered by the bulk data
below them. Behind that the check passes, and each fault in it is noticed.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from scenarios.conformance.check import all_checks
from scenarios.conformance.message import Request, Response
from scenarios.conformance.multipart import Part
from scenarios.conformance.verdict import State
from tests.faults.fault import Fault, unchanged_response
from tests.faults.kill_matrix import Laboratory
from tests.faults.zoo_transfer_syntaxes import accept_of
from tests.faults.zoo_wado import level, with_parts

NAME = "wado/representations/instances_come_as_bulk_data"
CHECKS = [check for check in all_checks() if check.name == NAME]


def lent(request: Request) -> Request:
    """Return a request for instances as octet streams as one for their bulk data."""
    if not (level(request) and "octet-stream" in accept_of(request)):
        return request
    return replace(request, target=f"{request.target}/bulkdata")


def state(lab: Laboratory, on_response: Callable[[Request, Response], Response]) -> State:
    fault = Fault("lent", "Instances come as bulk data.", (NAME,), lent, on_response)
    return lab.states(fault, CHECKS)[NAME]


def test_the_form_passes(lab: Laboratory) -> None:
    assert state(lab, unchanged_response) is State.PASS


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts[:1],
        lambda parts: [*parts, parts[0]],
        lambda parts: [replace(part, body=part.body[:-2]) for part in parts],
        lambda parts: [Part.of("application/dicom", part.body) for part in parts],
    ],
    ids=["the first only", "one twice", "cut", "labelled as files"],
)
def test_a_fault_in_the_form_is_noticed(lab: Laboratory, change: Callable[[list[Part]], list[Part]]) -> None:
    def changed(request: Request, response: Response) -> Response:
        return with_parts(response, change) if "octet-stream" in accept_of(request) else response

    assert state(lab, changed) is State.FAIL
