"""What is read straight from the bytes is what pydicom's elements say."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_files
from pydicom.dataelem import RawDataElement

from reference_server.dicomweb import dicom_json
from reference_server.dicomweb.plain_values import plain_values


def compare(dataset: Dataset, seen: dict[str, int]) -> None:
    """Compare every raw element of a dataset and of its items, and count the plain ones by VR."""
    for tag in sorted(dataset.keys()):
        raw: Any = dataset.get_item(tag)
        plain = None
        if isinstance(raw, RawDataElement) and raw.is_little_endian and tag & 0xFFFF and tag != 0x00080005:
            plain = plain_values(raw.VR, raw.value)
        if plain is not None:
            seen[str(raw.VR)] = seen.get(str(raw.VR), 0) + 1
            expected = dicom_json._attribute(dataset[tag], "uri")
            assert expected == ({"vr": raw.VR, "Value": plain} if plain else {"vr": raw.VR}), tag
        elif tag not in dicom_json.PIXEL_VRS and dataset.get_item(tag).VR == "SQ":
            for item in dataset[tag].value:
                compare(item, seen)


def test_plain_values_agree_with_pydicom_on_its_test_files() -> None:
    seen: dict[str, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in get_testdata_files():
            try:
                dataset = dcmread(Path(name))
            except Exception:  # noqa: BLE001  what pydicom cannot read is nothing to compare
                continue
            compare(dataset, seen)
    assert sum(seen.values()) > 5000
    assert {"CS", "DA", "TM", "UI", "LO", "SH", "PN", "IS", "DS", "US"} <= set(seen)


@pytest.mark.parametrize(
    ("vr", "content", "values"),
    [
        ("DS", b"+1.\\-.5 ", [1.0, -0.5]),
        ("DS", b"1\\\\2", [1.0, None, 2.0]),
        ("DS", b"NaN ", None),
        ("DS", b"one ", None),
        ("IS", b"1.5 ", None),
        ("CS", b"A\\B ", ["A", "B"]),
        ("CS", b"  ", []),
        ("LO", b"caf\xe9", None),
        ("LO", b"\x1b$B;3", None),
        ("PN", b"A^B=C ", None),
        ("PN", b"A^B ", [{"Alphabetic": "A^B"}]),
        ("US", b"\x01\x00\x02\x01", [1, 258]),
        ("US", b"\x01", None),
        ("FD", b"\x00\x00\x00\x00\x00\x00\xf0\x7f", None),
        ("OB", b"\x00", None),
        ("SH", b"", []),
    ],
)
def test_values_are_plain_or_left_to_pydicom(vr: str, content: bytes, values: list[object] | None) -> None:
    assert plain_values(vr, content) == values
