"""A structured report as a person reads it: its header, then the tree of its content (PS3.3 C.17.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from pydicom import Dataset

_HEADER = (
    ("Patient", "PatientName"),
    ("Patient ID", "PatientID"),
    ("Born", "PatientBirthDate"),
    ("Study", "StudyDescription"),
    ("Study date", "StudyDate"),
    ("Accession number", "AccessionNumber"),
    ("Content date", "ContentDate"),
    ("Completion", "CompletionFlag"),
    ("Verification", "VerificationFlag"),
)
_PLAIN_VALUES = {
    "TEXT": "TextValue",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
    "PNAME": "PersonName",
    "UIDREF": "UID",
    "SCOORD": "GraphicType",
    "SCOORD3D": "GraphicType",
    "TCOORD": "TemporalRangeType",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One content item: how deep it lies, what it is about, and its value as text."""

    depth: int
    concept: str
    value: str


def report_lines(dataset: Dataset) -> Iterator[Line]:
    """Yield the header and the content items of a report, in the order in which they are read."""
    yield Line(0, _meaning(dataset, "ConceptNameCodeSequence") or "Report", "")
    for label, keyword in _HEADER:
        if dataset.get(keyword):
            yield Line(1, label, str(dataset.get(keyword)))
    waiting = [(1, item) for item in reversed(dataset.get("ContentSequence") or [])]
    while waiting:
        depth, item = waiting.pop()
        yield Line(depth, _meaning(item, "ConceptNameCodeSequence"), _value(item))
        waiting += [(depth + 1, each) for each in reversed(item.get("ContentSequence") or [])]


def report_text(dataset: Dataset) -> bytes:
    """Return a report as plain text in UTF-8, indented by depth."""
    lines = ("  " * each.depth + _joined(each.concept, each.value) for each in report_lines(dataset))
    return "".join(f"{line}\n" for line in lines).encode()


def report_html(dataset: Dataset) -> bytes:
    """Return a report as a page in UTF-8; nothing of the report is markup."""
    title, *others = report_lines(dataset)
    body = "".join(
        f'<p style="margin-left: {2 * each.depth}em"><b>{escape(each.concept)}</b> {escape(each.value)}</p>\n'
        for each in others
    )
    heading = escape(title.concept)
    page = (
        '<!DOCTYPE html>\n<html lang="und">\n<head><meta charset="utf-8"><title>'
        f"{heading}</title></head>\n<body>\n<h1>{heading}</h1>\n{body}</body>\n</html>\n"
    )
    return page.encode()


def _joined(concept: str, value: str) -> str:
    return f"{concept}: {value}" if concept and value else concept or value


def _meaning(item: Dataset, keyword: str) -> str:
    """Return what the code of a sequence means, empty where there is none."""
    codes = item.get(keyword) or []
    return str(codes[0].get("CodeMeaning") or codes[0].get("CodeValue") or "") if codes else ""


def _value(item: Dataset) -> str:
    """Return the value of a content item as text (PS3.3 C.17.3.2.1)."""
    kind = str(item.get("ValueType") or "")
    if kind in _PLAIN_VALUES:
        return _text(item.get(_PLAIN_VALUES[kind]))
    if kind == "CODE":
        return _meaning(item, "ConceptCodeSequence")
    if kind == "NUM":
        measured = item.get("MeasuredValueSequence") or []
        number = _text(measured[0].get("NumericValue")) if measured else "not measured"
        unit = _meaning(measured[0], "MeasurementUnitsCodeSequence") if measured else ""
        return f"{number} {unit}".strip()
    references = item.get("ReferencedSOPSequence") or []
    return ", ".join(f"{kind.lower()} {each.get('ReferencedSOPInstanceUID')}" for each in references)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
