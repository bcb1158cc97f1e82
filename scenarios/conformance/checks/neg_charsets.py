"""Character sets of responses: UTF-8 by default, and never a corrupted text (PS3.18 8.7.3.5.3, 8.8)."""

from dataclasses import replace
from http import HTTPStatus

from scenarios.conformance.answers import Datasets
from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.dicom_json import JsonDataset
from scenarios.conformance.findings import Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.text import NAMES
from scenarios.conformance.media_type import DICOM_JSON
from scenarios.conformance.message import Response
from scenarios.conformance.verdict import Severity

GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def name_of(dataset: JsonDataset) -> str:
    """Return the patient's name as DICOM writes it, its groups joined by equals signs."""
    groups = dataset.value("PatientName") or {}
    found = [groups.get(group, "") for group in GROUPS] if isinstance(groups, dict) else [str(groups)]
    return "=".join(found).rstrip("=")


def in_its_charset(response: Response) -> Response:
    """Return the response in UTF-8, read in the charset that its Content-Type names."""
    charset = response.content_type.parameters.get("charset", "utf-8")
    try:
        return replace(response, body=response.body.decode(charset).encode())
    except (LookupError, UnicodeDecodeError) as error:
        raise Violation(f"text in {charset}", str(error), Severity.FAIL) from error


@check("NEG-023", needs=F.BASE)
def accept_charset_utf_8_is_honoured(archive: Archive, base: Stock) -> None:
    """Metadata with Accept-Charset: utf-8 are what they are without."""
    path = f"{base['b'].path}/metadata"
    response = archive.get(path, accept=DICOM_JSON, headers={"Accept-Charset": "utf-8"})
    expect_equal(response.status, HTTPStatus.OK, "status of Accept-Charset: utf-8")
    expect_equal(Datasets.of(response).texts("SOPInstanceUID"), [base["b"].uid], "instances")


@check("NEG-023", needs=F.BASE)
def an_unknown_charset_breaks_nothing(archive: Archive, base: Stock) -> None:
    """Accept-Charset with a charset that nobody has is ignored, or refused with 400 or 406 (DR-12)."""
    instance = base["b"]
    expect_equal(archive.metadata(instance.path).uids, [instance.uid], "instances")
    path = f"{instance.path}/metadata"
    response = archive.get(path, accept=DICOM_JSON, headers={"Accept-Charset": "x-phantom"})
    archive.note(f"Accept-Charset with an unknown charset is {response.status}")
    if response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_ACCEPTABLE}:
        return
    expect_equal(response.status, HTTPStatus.OK, "status of an unknown charset")
    expect_equal(Datasets.of(response).texts("SOPInstanceUID"), [instance.uid], "instances")


@check("NEG-024", needs=F.CHARSET)
def json_is_utf_8_whatever_was_stored(archive: Archive, charset: Stock) -> None:
    """Names stored in Latin-1, ISO 2022, GB 18030 and others come in DICOM JSON as UTF-8."""
    for instance in charset:
        found = archive.metadata(instance.path).only
        _, expected = NAMES[instance.label]
        expect_equal(name_of(found), expected, f"PatientName of {instance.label}")
        description = expected.partition("=")[0].replace("^", " ")
        expect_equal(found.text("StudyDescription"), description, f"StudyDescription of {instance.label}")


@check("NEG-025", needs=F.CHARSET)
def a_charset_that_cannot_hold_the_text_is_refused(archive: Archive, charset: Stock) -> None:
    """A Japanese name in charset=ISO-8859-1 is 406, or the text comes unharmed; 400 is DR-12."""
    instance = charset["jis"]
    _, expected = NAMES[instance.label]
    expect_equal(name_of(archive.metadata(instance.path).only), expected, "PatientName in UTF-8")
    response = archive.get(f"{instance.path}/metadata", accept=f"{DICOM_JSON};charset=ISO-8859-1")
    if response.status == HTTPStatus.NOT_ACCEPTABLE:
        return
    if response.status == HTTPStatus.BAD_REQUEST:
        archive.warn("DR-12: a charset other than UTF-8 is refused as a bad request")
        return
    expect(response.ok, "406, or metadata", got=response)
    got = name_of(Datasets.of(in_its_charset(response)).only)
    expect_equal(got, expected, "PatientName", severity=Severity.FAIL)
