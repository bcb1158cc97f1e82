"""Reports are rendered as text, and encapsulated PDF as it is (PS3.18 8.7.4)."""

from io import BytesIO

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import EncapsulatedPDFStorage

from tests.server.running import RunningArchive
from tests.server.test_rendered import changed, file_content, path_of

MARKUP = "<script>alert('Müller & 山田')</script>"
PDF = b"%PDF-1.4\n%%EOF"


def code(meaning: str) -> list[Dataset]:
    """Return a sequence of one code."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99TEST", meaning
    return [item]


def content_item(kind: str, concept: str, **values: object) -> Dataset:
    """Return a content item of a report."""
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", kind
    item.ConceptNameCodeSequence = code(concept)
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


@pytest.fixture(scope="module")
def report(plain: RunningArchive) -> str:
    """The path of a stored report of one item of each kind, one of them hostile."""
    measured, referenced = Dataset(), Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "4.5", code("mm")
    referenced.ReferencedSOPClassUID, referenced.ReferencedSOPInstanceUID = "1.2.3", "1.2.3.4"
    inner = content_item("NUM", "Diameter", MeasuredValueSequence=[measured])
    items = [
        content_item("TEXT", "Finding", TextValue=MARKUP),
        content_item("CONTAINER", "Lesion", ContentSequence=[inner]),
        content_item("CODE", "Side", ConceptCodeSequence=code("left")),
        content_item("PNAME", "Observer", PersonName="Doe^Jane"),
        content_item("IMAGE", "Source", ReferencedSOPSequence=[referenced]),
        content_item("NUM", "Volume", MeasuredValueSequence=[]),
    ]
    content = changed(
        file_content("reportsi.dcm"),
        SpecificCharacterSet="ISO_IR 192",
        ConceptNameCodeSequence=code("Test <report>"),
        ContentSequence=items,
    )
    assert plain.store(content).status_code == 200
    return path_of(content)


def test_a_report_is_read_as_a_tree(plain: RunningArchive, report: str) -> None:
    answer = plain.get(f"{report}/rendered", "text/plain")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert lines[0] == "Test <report>"
    assert lines[-7:] == [
        f"  Finding: {MARKUP}",
        "  Lesion",
        "    Diameter: 4.5 mm",
        "  Side: left",
        "  Observer: Doe^Jane",
        "  Source: image 1.2.3.4",
        "  Volume: not measured",
    ]


def test_a_page_holds_the_text_and_no_markup_of_the_report(plain: RunningArchive, report: str) -> None:
    for accept in ("*/*", "text/html", "text/*"):
        answer = plain.get(f"{report}/rendered", accept)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        page = answer.content.decode()
        assert "<script>" not in page
        assert "Müller &amp; 山田" in page
        assert "<title>Test &lt;report&gt;</title>" in page


@pytest.mark.parametrize("accept", ["image/jpeg", "text/html;q=0", 'multipart/related; type="text/html"'])
def test_a_report_is_nothing_else(plain: RunningArchive, report: str, accept: str) -> None:
    assert plain.get(f"{report}/rendered", accept).status_code == 406


def test_a_report_has_no_frames(plain: RunningArchive, report: str) -> None:
    assert plain.get(f"{report}/frames/1/rendered").status_code == 406


def test_what_the_caller_has_is_not_written_again(plain: RunningArchive, report: str) -> None:
    tag = plain.get(f"{report}/rendered").headers["etag"]
    again = plain.client.get(f"{plain.base}{report}/rendered", headers={"If-None-Match": tag})
    assert again.status_code == 304


@pytest.mark.parametrize("accept", ["*/*", "application/pdf", "application/*"])
def test_a_pdf_is_itself_without_padding(plain: RunningArchive, ct: bytes, accept: str) -> None:
    dataset = dcmread(BytesIO(changed(ct, SOPClassUID=EncapsulatedPDFStorage)))
    del dataset.PixelData
    dataset.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    dataset.EncapsulatedDocument, dataset.EncapsulatedDocumentLength = PDF + b"\0", len(PDF)
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    buffer = BytesIO()
    dataset.save_as(buffer)
    assert plain.store(buffer.getvalue()).status_code == 200
    answer = plain.get(f"{path_of(buffer.getvalue())}/rendered", accept)
    assert (answer.headers["content-type"], answer.content) == ("application/pdf", PDF)
