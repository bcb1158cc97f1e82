"""What a caller accepts decides what it is given: the rows are real clients' headers, and PS3.18 8.7."""

import pytest

from reference_server.dicomweb.accept import (
    Choice,
    choose_metadata,
    parse_accept,
    query_accept,
)
from reference_server.dicomweb.negotiation import (
    DEFAULT,
    InstanceChoice,
    choose_instances,
    frame_choices,
    syntaxes_of_part,
)
from reference_server.dicomweb.transfer import FRAME_TYPES, TransferSyntax, syntax_of
from reference_server.errors import BadRequest, NotAcceptable

ELE = "1.2.840.10008.1.2.1"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
RLE = "1.2.840.10008.1.2.5"
JPEG_LS = "1.2.840.10008.1.2.4.80"
IMPLICIT = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
MPEG_4 = "1.2.840.10008.1.2.4.102"
HTJ2K = "1.2.840.10008.1.2.4.201"
OCTETS = "application/octet-stream"
PARTS = 'multipart/related; type="application/dicom"'
OCTET_PARTS = 'multipart/related; type="application/octet-stream"'
XML_PARTS = 'multipart/related; type="application/dicom+xml"'


def as_parts(image_type: str) -> str:
    """Return the unquoted spelling of a wish for parts of an image type."""
    return f"multipart/related; type={image_type}"


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "application/dicom+json",
        "application/json",
        "Application/DICOM+JSON;Q=0.3",
        "application/dicom+json, application/json",
        "application/dicom+json;charset=utf-8",
        "application/dicom+json;q=0.2, */*;q=0.1",
        "toto, application/dicom+json",
        "text/html, image/webp, application/dicom+json;q=0.8",
        "text/html, application/xhtml+xml, image/avif, */*;q=0.8",
        "application/dicom+json;q=nonsense, */*",
        f"{XML_PARTS};q=0.9, application/dicom+json",
        "application/dicom+xml, application/dicom+json;q=0.1",
    ],
)
def test_json_is_acceptable(accept: str | None) -> None:
    assert choose_metadata(parse_accept(accept), single=False).media_type == "application/dicom+json"


@pytest.mark.parametrize(
    "accept",
    [
        "application/x-nope",
        "application/dicom+json;q=0",
        "application/dicom+json;q=0, */*",
        "text/*",
        "toto",
        "application/dicom+json;q=2",
        PARTS,
    ],
)
def test_json_is_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose_metadata(parse_accept(accept), single=False)


@pytest.mark.parametrize(
    ("accept", "single", "media_type", "multipart"),
    [
        ("*/*", False, "application/dicom+json", False),
        ("application/dicom+json", False, "application/dicom+json", False),
        (XML_PARTS, False, "application/dicom+xml", True),
        ("multipart/related;type=application/dicom+xml", False, "application/dicom+xml", True),
        ("application/dicom+xml", True, "application/dicom+xml", False),
        (f"application/dicom+json;q=0.5, {XML_PARTS};q=0.9", False, "application/dicom+xml", True),
        (f"application/dicom+json;q=0.9, {XML_PARTS};q=0.5", False, "application/dicom+json", False),
        (f"application/dicom+json;q=0, {XML_PARTS}", False, "application/dicom+xml", True),
        (f"*/*;q=0.1, {XML_PARTS}", False, "application/dicom+xml", True),
    ],
)
def test_metadata(accept: str, media_type: str, *, single: bool, multipart: bool) -> None:
    choice = choose_metadata(parse_accept(accept), single=single)
    assert (choice.media_type, choice.multipart) == (media_type, multipart)


@pytest.mark.parametrize("accept", ["application/dicom+xml", "application/dicom", "image/jpeg", "a/b;q=0"])
def test_metadata_that_cannot_be_given(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose_metadata(parse_accept(accept), single=False)


@pytest.mark.parametrize(
    ("accept", "single", "syntaxes", "multipart"),
    [
        (None, True, (DEFAULT,), True),
        ("*/*", False, (DEFAULT,), True),
        (PARTS, False, (DEFAULT,), True),
        ("multipart/related; type=application/dicom", False, (DEFAULT,), True),
        ("multipart/related", False, (DEFAULT,), True),
        ('multipart/related; type="*/*"', False, (DEFAULT,), True),
        (f"{PARTS}; transfer-syntax=*", False, ("*",), True),
        (f'{PARTS}; transfer-syntax="*"', False, ("*",), True),
        ('multipart/related;transfer-syntax=*;type="application/dicom"', False, ("*",), True),
        (f"{PARTS}; transfer-syntax={JPEG_2000}", False, (JPEG_2000,), True),
        (f"{PARTS}; transfer-syntax={JPEG_2000}; transfer-syntax=*", False, (JPEG_2000, "*"), True),
        (f"{PARTS}; transfer-syntax={RLE};q=0.5, {PARTS}", False, (DEFAULT, RLE), True),
        (f"{PARTS}; transfer-syntax=1.2.3; transfer-syntax=*", False, ("*",), True),
        (f"{PARTS}; transfer-syntax=1.2.3, {PARTS};q=0.1", False, (DEFAULT,), True),
        ("application/dicom", True, (DEFAULT,), False),
        ("application/dicom; transfer-syntax=*", True, ("*",), False),
        (f"application/dicom;q=0.5, {PARTS};q=0.6", True, (DEFAULT,), True),
        ("application/dicom;q=0, */*", True, (DEFAULT,), True),
        (f"application/dicom, {PARTS}", False, (DEFAULT,), True),
        (OCTET_PARTS, False, (), True),
        (f"{OCTET_PARTS}, {PARTS}", True, (), True),
        (f"{PARTS}, {OCTET_PARTS};q=0.5", True, (DEFAULT,), True),
    ],
)
def test_instances(accept: str | None, syntaxes: tuple[str, ...], *, single: bool, multipart: bool) -> None:
    chosen = choose_instances(parse_accept(accept), single=single)
    assert chosen == InstanceChoice(syntaxes, multipart)


@pytest.mark.parametrize(
    ("stored", "wanted", "sent"),
    [
        (ELE, (DEFAULT,), (ELE,)),
        (RLE, (DEFAULT,), (ELE,)),
        (RLE, ("*",), (RLE,)),
        (IMPLICIT, ("*",), (ELE,)),
        (BIG_ENDIAN, ("*",), (ELE,)),
        (IMPLICIT, (DEFAULT,), (ELE,)),
        (JPEG_BASELINE, (DEFAULT,), (ELE, JPEG_BASELINE)),
        (MPEG_4, (DEFAULT,), (MPEG_4,)),  # nothing here decodes it, and it is lossy already
        (MPEG_4, (ELE,), ()),
        (ELE, (JPEG_LS,), (JPEG_LS,)),
        (JPEG_2000, (JPEG_LS, "*"), (JPEG_LS, JPEG_2000)),
        (ELE, (JPEG_BASELINE,), ()),  # nothing lossy is made here
        (ELE, (HTJ2K,), ()),
        (HTJ2K, (JPEG_2000, RLE), (JPEG_2000, RLE)),
        ("1.2.3", ("*",), ("1.2.3",)),
    ],
)
def test_each_part_is_sent_as_it_can_be(stored: str, wanted: tuple[str, ...], sent: tuple[str, ...]) -> None:
    assert syntaxes_of_part(stored, wanted) == sent


@pytest.mark.parametrize(
    ("accept", "single"),
    [
        ("application/dicom", False),
        ("image/jpeg", True),
        (f"{PARTS};q=0", True),
        (f"{PARTS};q=0, */*", True),
        (f"{PARTS}; transfer-syntax=1.2.840.10008.1.2", True),
        (f"{PARTS}; transfer-syntax=1.2.840.10008.1.2.2", True),
        (f"{PARTS}; transfer-syntax=1.2.840.10008.1.2.4.999", True),
        (f"{PARTS}; transfer-syntax=1.2.840.10008.5.1.4.1.1.2", True),
        ('multipart/related; type="image/jpeg"', True),
    ],
)
def test_instances_that_cannot_be_given(accept: str, *, single: bool) -> None:
    with pytest.raises(NotAcceptable):
        choose_instances(parse_accept(accept), single=single)


@pytest.mark.parametrize(
    ("accept", "stored", "expected"),
    [
        pytest.param(None, ELE, (OCTETS, ELE, True), id="no header"),
        pytest.param(OCTET_PARTS, ELE, (OCTETS, ELE, True), id="octets of native pixels"),
        pytest.param(OCTET_PARTS, RLE, (OCTETS, ELE, True), id="octets are decompressed"),
        pytest.param('multipart/related; type="*/*"', RLE, (OCTETS, ELE, True), id="Python client"),
        pytest.param(
            "multipart/related; type=application/octet-stream; transfer-syntax=*",
            JPEG_2000,
            (OCTETS, JPEG_2000, True),
            id="cornerstone, compressed",
        ),
        pytest.param(
            "multipart/related; type=application/octet-stream; transfer-syntax=*",
            ELE,
            (OCTETS, ELE, True),
            id="cornerstone, native",
        ),
        pytest.param("*/*; transfer-syntax=*", RLE, ("image/dicom-rle", RLE, True), id="anything as stored"),
        pytest.param(as_parts("image/jp2"), JPEG_2000, ("image/jp2", JPEG_2000, True), id="JPEG 2000"),
        pytest.param("image/jp2", JPEG_2000, ("image/jp2", JPEG_2000, False), id="one part alone"),
        pytest.param("image/*", JPEG_2000, ("image/jp2", JPEG_2000, False), id="any image"),
        pytest.param(as_parts("image/x-jls"), JPEG_LS, ("image/jls", JPEG_LS, True), id="old JPEG-LS"),
        pytest.param(as_parts("image/x-dicom-rle"), RLE, ("image/dicom-rle", RLE, True), id="old RLE"),
        pytest.param(as_parts("image/jhc"), HTJ2K, ("image/jphc", HTJ2K, True), id="old HTJ2K"),
        pytest.param(
            f"multipart/related; type=image/jp2; transfer-syntax={JPEG_2000}; transfer-syntax=*",
            JPEG_2000,
            ("image/jp2", JPEG_2000, True),
            id="OHIF with a configured syntax",
        ),
        pytest.param(
            f"multipart/related; type=image/jpeg, {OCTET_PARTS};q=0.1",
            JPEG_2000,
            (OCTETS, ELE, True),
            id="the second choice",
        ),
        pytest.param(as_parts("image/jls"), ELE, ("image/jls", JPEG_LS, True), id="encoded as JPEG-LS"),
        pytest.param(as_parts("image/jp2"), RLE, ("image/jp2", JPEG_2000, True), id="encoded anew"),
        pytest.param("image/dicom-rle; transfer-syntax=*", ELE, ("image/dicom-rle", RLE, False), id="RLE"),
        pytest.param(
            f'multipart/related; type="*/*"; transfer-syntax={JPEG_LS}',
            ELE,
            ("image/jls", JPEG_LS, True),
            id="by transfer syntax",
        ),
        pytest.param("*/*", MPEG_4, (OCTETS, ELE, True), id="decoded if that can be"),
        pytest.param("application/octet-stream;q=0, */*", RLE, (OCTETS, ELE, True), id="parts only"),
    ],
)
def test_frames(accept: str | None, stored: str, expected: tuple[str, str, bool]) -> None:
    syntax = syntax_of(stored)
    assert syntax is not None
    assert frame_choices(parse_accept(accept), syntax, single=True)[0] == Choice(*expected)


@pytest.mark.parametrize(
    ("accept", "stored", "single"),
    [
        ("image/jpeg", ELE, True),
        ("image/*", ELE, True),
        ("multipart/related; type=image/jpeg", JPEG_2000, True),
        (f"multipart/related; type=image/jp2; transfer-syntax={RLE}", JPEG_2000, True),
        (f"{OCTET_PARTS}; transfer-syntax={RLE}", JPEG_2000, True),
        (f"{OCTET_PARTS};q=0, multipart/related", RLE, True),
        ("application/octet-stream", ELE, False),
        ("text/html", RLE, True),
    ],
)
def test_frames_that_cannot_be_given(accept: str, stored: str, *, single: bool) -> None:
    syntax = syntax_of(stored)
    assert syntax is not None
    with pytest.raises(NotAcceptable):
        frame_choices(parse_accept(accept), syntax, single=single)


@pytest.mark.parametrize("uid", FRAME_TYPES)
def test_every_image_type_gives_the_stored_stream(uid: str) -> None:
    stored = TransferSyntax(uid, encapsulated=True)
    for name in FRAME_TYPES[uid]:
        for accept in (
            f"multipart/related; type={name}",
            f'multipart/related; type="{name}"; transfer-syntax=*',
        ):
            choice = frame_choices(parse_accept(accept), stored, single=True)[0]
            assert choice == Choice(FRAME_TYPES[uid][0], uid, multipart=True)


def test_the_query_parameter_goes_before_the_header() -> None:
    ranges = parse_accept("text/html, */*;q=0.8", "application/json")
    assert choose_metadata(ranges, single=False).media_type == "application/dicom+json"
    with pytest.raises(NotAcceptable):
        choose_metadata(parse_accept("application/dicom+json, */*;q=0.1", "text/html"), single=False)


@pytest.mark.parametrize(
    ("header", "query", "lies_within"),
    [
        (None, "image/png", True),
        ("*/*", "image/png", True),
        ("image/*", "image/png", True),
        ("image/png;q=0, image/*", "image/png", True),  # the weight 0 is judged where a type is chosen
        ("image/jpeg", "image/png", False),
        ("application/dicom+json", "multipart/related; type=application/dicom+xml", False),
        ("multipart/related; type=application/dicom", "multipart/related; type=application/dicom+xml", False),
        ("multipart/related", "multipart/related; type=application/dicom+xml", True),
    ],
)
def test_the_query_parameter_lies_within_the_header(
    header: str | None, query: str, *, lies_within: bool
) -> None:
    assert (parse_accept(header, query) == parse_accept(query)) == lies_within


@pytest.mark.parametrize(
    ("values", "accept"),
    [
        ([], None),
        (["application/dicom+json"], "application/dicom+json"),
        (["application/dicom json"], "application/dicom+json"),
        (["multipart/related; type=application/dicom xml"], "multipart/related; type=application/dicom+xml"),
        (["text/html, image/png"], "text/html, image/png"),
    ],
)
def test_an_unencoded_plus_in_the_query_is_understood(values: list[str], accept: str | None) -> None:
    assert query_accept(values) == accept


@pytest.mark.parametrize("value", ["*/*", "image/*", "text/html, */*;q=0.1", "*/*; transfer-syntax=*"])
def test_the_query_parameter_has_no_wildcards(value: str) -> None:
    with pytest.raises(BadRequest):
        query_accept([value])


def test_two_accept_parameters_contradict_each_other() -> None:
    with pytest.raises(BadRequest):
        query_accept(["image/png", "image/jpeg"])
