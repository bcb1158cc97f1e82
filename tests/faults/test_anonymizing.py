"""The check of anonymize by WADO-URI bites, too, though the reference archive refuses to anonymize.

The proxy lends the archive the feature: it asks for the instance as it is, and takes out who the patient is.
Behind that the check passes, and each fault in it is noticed.
"""

import io
from collections.abc import Callable
from http import HTTPStatus

import pytest
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.uid import UID

from scenarios.conformance.check import all_checks
from scenarios.conformance.checks.uri_instances import IDENTIFYING
from scenarios.conformance.message import Request, Response
from scenarios.conformance.verdict import State
from tests.faults.edits import answer, with_body, without_parameter
from tests.faults.fault import Fault
from tests.faults.kill_matrix import Laboratory
from tests.faults.zoo_uri import asked

NAME = "uri/instances/an_anonymized_instance_tells_nobody"
CHECKS = [check for check in all_checks() if check.name == NAME]
Change = Callable[[Dataset], None]


def lent(request: Request) -> Request | Response:
    """Return the request for the instance as it is; a value other than yes is refused."""
    if asked(request).get("anonymize", "yes") != "yes":
        return answer(HTTPStatus.BAD_REQUEST, b"yes, or not at all")
    return without_parameter(request, "anonymize")


def anonymize(dataset: Dataset) -> None:
    rename(dataset)
    for keyword in IDENTIFYING:
        setattr(dataset, keyword, "")


def rename(dataset: Dataset) -> None:
    """Give the instance a UID of its own."""
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID("2.25.13")


def keep_the_uid(dataset: Dataset) -> None:
    uid = dataset.SOPInstanceUID
    anonymize(dataset)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid


def keep_the_birth_date(dataset: Dataset) -> None:
    date = dataset.PatientBirthDate
    anonymize(dataset)
    dataset.PatientBirthDate = date


def state(
    lab: Laboratory,
    change: Change,
    on_request: Callable[[Request], Request | Response] = lent,
) -> State:
    def changed(request: Request, response: Response) -> Response:
        if "anonymize" not in asked(request) or not response.ok:
            return response
        dataset = dcmread(io.BytesIO(response.body))
        change(dataset)
        buffer = io.BytesIO()
        dcmwrite(buffer, dataset)
        return with_body(response, buffer.getvalue())

    return lab.states(Fault("lent", "Instances are anonymized.", (NAME,), on_request, changed), CHECKS)[NAME]


def test_the_feature_passes(lab: Laboratory) -> None:
    assert state(lab, anonymize) is State.PASS


@pytest.mark.parametrize("change", [rename, keep_the_uid, keep_the_birth_date])
def test_what_still_identifies_is_noticed(lab: Laboratory, change: Change) -> None:
    assert state(lab, change) is State.FAIL


def test_another_value_that_counts_as_none_is_noticed(lab: Laboratory) -> None:
    assert state(lab, anonymize, lambda request: without_parameter(request, "anonymize")) is State.FAIL


def test_an_instance_as_it_is_is_no_anonymizing(lab: Laboratory) -> None:
    assert state(lab, lambda _: None) is State.UNSUPPORTED
