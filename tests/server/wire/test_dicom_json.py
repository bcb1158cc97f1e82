"""The DICOM JSON of an instance says what pydicom says, in the form of PS3.18 Annex F, and always is JSON."""

import base64
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import DataElement, Dataset, Sequence, dcmread
from pydicom.data import get_testdata_files
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from reference_server.dicomweb.dicom_json import BASE, BULK_THRESHOLD_BYTES, Json, model_of, with_base

CHARACTER_SET = "00080005"
EVERYTHING_INLINE = 10**9
PIXEL_NAMES = {"7FE00008", "7FE00009", "7FE00010"}
VRS = ["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD", "IS", "LO", "LT", "OB", "OD", "OF", "OL", "OV"]
VRS += ["OW", "PN", "SH", "SL", "SQ", "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US", "UT", "UV"]
ODD_BYTES = [b"99999999999999999999", b"-", b"+1.", b"1e400", b"NaN", b"-inf", b"\\", b"=", b"^", b" ", b"\0"]
ODD_BYTES += [b"\xff\xfe", b"\x1b$B", b"\xed\xa0\x80", b"1_0", b"1.5", b"\r\n", b"\x81", b"2020-01-01", b"A"]
CONTENTS = st.lists(st.sampled_from(ODD_BYTES) | st.binary(max_size=9), max_size=5).map(b"".join)
CHARACTER_SETS = st.sampled_from(
    [None, "ISO_IR 192", "ISO_IR 100", "ISO 2022 IR 87", "GB18030", "no such set"]
)
TAGS = st.sampled_from([0x00080060, 0x00100010, 0x00189999, 0x00200013, 0x00280010, 0x00091001, 0x60003000])


def raw_element(tag: int, vr: str | None, content: bytes, *, little_endian: bool = True) -> RawDataElement:
    """Return an element as it stands in a file."""
    return RawDataElement(Tag(tag), vr, len(content), content, 0, False, little_endian)


def dataset_with(character_set: str | None, *elements: RawDataElement | DataElement) -> Dataset:
    """Return a dataset of these elements."""
    dataset = Dataset()
    if character_set is not None:
        dataset.SpecificCharacterSet = character_set
    for element in elements:
        dataset[element.tag] = element
    return dataset


def comparable(model: Json) -> Json:
    """Return a model without what differs by design: URIs, character set, pixel data, "" for null."""
    result: Json = {}
    for name, attribute in model.items():
        if name.endswith("0000") or name in PIXEL_NAMES or name == CHARACTER_SET:
            continue
        plain = {key: value for key, value in attribute.items() if key != "BulkDataURI"}
        if len(base64.b64decode(plain.get("InlineBinary", ""))) > BULK_THRESHOLD_BYTES:
            del plain["InlineBinary"]
        values = plain.get("Value")
        if plain["vr"] == "SQ":
            plain["Value"] = [comparable(item) for item in values or []]
        elif values is not None:
            plain["Value"] = [None if value == "" else value for value in values]
        result[name] = plain
    return result


def judged_files() -> Iterator[tuple[str, Json, Json]]:
    """Yield the test files of pydicom with our model and with pydicom's."""
    for name in sorted(set(get_testdata_files())):
        try:
            dataset, again = dcmread(name), dcmread(name)
        except Exception:  # noqa: BLE001  what pydicom cannot read, it cannot judge
            continue
        model = model_of(dataset, f"{BASE}/x/bulkdata")
        judge = again.to_json_dict(EVERYTHING_INLINE, lambda _: "uri", suppress_invalid_tags=True)
        yield Path(name).name, comparable(model), comparable(judge)


def test_every_test_file_reads_as_pydicom_reads_it() -> None:
    compared = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, ours, judge in judged_files():
            # pydicom drops an attribute whose value, or whose item's value, it cannot convert.
            kept = {tag: attribute for tag, attribute in ours.items() if tag in judge}
            assert kept == judge, name
            assert all(ours[tag]["vr"] in ("UN", "SQ") for tag in ours.keys() - judge.keys()), name
            compared += len(judge)
    assert compared > 7000  # attributes; nothing compared would prove nothing


@settings(max_examples=400)
@given(
    tag=TAGS,
    vr=st.sampled_from([*VRS, None, "XX"]),
    content=CONTENTS,
    character_set=CHARACTER_SETS,
    little_endian=st.booleans(),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_value_loses_the_instance(
    tag: int, vr: str | None, content: bytes, character_set: str | None, *, little_endian: bool
) -> None:
    element = raw_element(tag, vr, content, little_endian=little_endian)
    model = orjson.loads(orjson.dumps(model_of(dataset_with(character_set, element), "uri")))
    attribute = model[f"{tag:08X}"]
    assert attribute["vr"] in VRS
    assert len(attribute.keys() & {"Value", "InlineBinary", "BulkDataURI"}) <= 1


@pytest.mark.parametrize(
    ("vr", "content", "expected"),
    [
        ("LO", b"", {"vr": "LO"}),
        ("LO", b"  ", {"vr": "LO"}),
        ("LO", b"A\\\\B ", {"vr": "LO", "Value": ["A", None, "B"]}),
        ("LT", b"A\\B ", {"vr": "LT", "Value": ["A\\B"]}),
        ("UT", b" A ", {"vr": "UT", "Value": [" A"]}),
        ("UI", b"1.2.3\0", {"vr": "UI", "Value": ["1.2.3"]}),
        ("DS", b"+1.\\-.5", {"vr": "DS", "Value": [1.0, -0.5]}),
        ("DS", b"NaN ", {"vr": "DS", "Value": ["NaN"]}),
        ("IS", b"+012\\-3 ", {"vr": "IS", "Value": [12, -3]}),
        ("IS", b"99999999999999999999", {"vr": "IS", "Value": ["99999999999999999999"]}),
        ("IS", b"nine", {"vr": "UN", "BulkDataURI": "uri/00189999"}),
        ("US", b"\x01\x02\x03", {"vr": "UN", "BulkDataURI": "uri/00189999"}),
        ("FD", b"\0\0\0\0\0\0\xf0\xff", {"vr": "FD", "Value": ["-Infinity"]}),
        ("FL", b"\0\0\xc0\x7f", {"vr": "FL", "Value": ["NaN"]}),
        ("UV", b"\xff" * 8, {"vr": "UV", "Value": [2**64 - 1]}),
        ("AT", b"\x18\x00\x63\x10", {"vr": "AT", "Value": ["00181063"]}),
        ("OB", b"\x01\x02", {"vr": "OB", "InlineBinary": base64.b64encode(b"\x01\x02").decode()}),
        ("OB", b"", {"vr": "OB"}),
        ("OB", bytes(BULK_THRESHOLD_BYTES + 2), {"vr": "OB", "BulkDataURI": "uri/00189999"}),
        ("PN", b"A^B", {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]}),
        ("PN", b"\\A", {"vr": "PN", "Value": [None, {"Alphabetic": "A"}]}),
        ("SQ", b"", {"vr": "SQ"}),
    ],
)
def test_values_take_the_form_of_annex_f(vr: str, content: bytes, expected: Json) -> None:
    assert model_of(dataset_with(None, raw_element(0x00189999, vr, content)), "uri") == {"00189999": expected}


@pytest.mark.parametrize(
    ("character_set", "content", "name"),
    [
        ("ISO_IR 100", b"\xc4neas^R\xfcdiger", {"Alphabetic": "Äneas^Rüdiger"}),
        ("ISO_IR 192", "王^小東".encode(), {"Alphabetic": "王^小東"}),
        (
            "\\ISO 2022 IR 87",
            b"Y^T=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B",
            {"Alphabetic": "Y^T", "Ideographic": "山田^太郎"},
        ),
        (None, b"A==C", {"Alphabetic": "A", "Phonetic": "C"}),
    ],
)
def test_text_is_utf_8_whatever_it_was(
    character_set: str | None, content: bytes, name: dict[str, str]
) -> None:
    dataset = dataset_with(None, raw_element(0x00100010, "PN", content))
    if character_set is not None:
        dataset.SpecificCharacterSet = character_set.split("\\")
    model = model_of(dataset, "uri")
    assert model["00100010"] == {"vr": "PN", "Value": [name]}
    assert model.get(CHARACTER_SET, {"Value": ["ISO_IR 192"]})["Value"] == ["ISO_IR 192"]


@pytest.mark.parametrize(
    ("vr", "stored", "expected"),
    [
        ("OW", b"\x01\x02\x03\x04", b"\x02\x01\x04\x03"),
        ("OF", b"\x01\x02\x03\x04", b"\x04\x03\x02\x01"),
        ("OD", bytes(range(8)), bytes(range(7, -1, -1))),
        ("OB", b"\x01\x02", b"\x01\x02"),
    ],
)
def test_inline_words_are_little_endian(vr: str, stored: bytes, expected: bytes) -> None:
    element = raw_element(0x00189999, vr, stored, little_endian=False)
    attribute = model_of(dataset_with(None, element), "uri")["00189999"]
    assert attribute == {"vr": vr, "InlineBinary": base64.b64encode(expected).decode()}


def test_items_nest_and_name_their_bulk_data_by_path() -> None:
    inner = dataset_with(None, raw_element(0x00091002, "OB", bytes(2000)))
    middle = dataset_with(None, DataElement(0x00081140, "SQ", Sequence([Dataset(), inner])))
    outer = dataset_with(None, DataElement(0x00081115, "SQ", Sequence([middle])))
    [item] = model_of(outer, f"{BASE}/i/bulkdata")["00081115"]["Value"]
    assert item["00081140"]["Value"] == [
        {},
        {"00091002": {"vr": "OB", "BulkDataURI": f"{BASE}/i/bulkdata/00081115/0/00081140/1/00091002"}},
    ]


def test_names_ascend_and_group_lengths_are_left_out() -> None:
    elements = [raw_element(tag, "LO", b"x ") for tag in (0x00200010, 0x00080070, 0x00091001)]
    model = model_of(dataset_with(None, *elements, raw_element(0x00080000, "UL", bytes(4))), "uri")
    assert list(model) == ["00080070", "00091001", "00200010"]


def test_the_base_is_put_into_uris_and_nowhere_else() -> None:
    elements: list[Any] = [
        raw_element(0x00080070, "LO", BASE.encode()),
        raw_element(0x00091002, "OB", bytes(2000)),
    ]
    stored = orjson.dumps(model_of(dataset_with(None, *elements), f"{BASE}/i"))
    served = orjson.loads(with_base(stored, b"https://archive.example/dicom-web"))
    assert served["00080070"]["Value"] == [BASE]
    assert served["00091002"]["BulkDataURI"] == "https://archive.example/dicom-web/i/00091002"
