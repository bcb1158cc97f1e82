"""multipart/related is read as it was written, and every departure from its form is named by its rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.conformance import multipart
from scenarios.conformance.message import Framing, Response
from scenarios.conformance.multipart import Part

GOOD_TYPE = 'multipart/related; type="application/dicom"; boundary="b"'
GOOD_BODY = b"--b\r\nContent-Type: application/dicom\r\n\r\nx\r\n--b--\r\n"


def response(content_type: str, body: bytes) -> Response:
    return Response(200, "OK", (("Content-Type", content_type),), body, Framing.LENGTH)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_parts_survive_the_round_trip(bodies: list[bytes]) -> None:
    parts = [Part.of("application/dicom", body, location=f"/{n}") for n, body in enumerate(bodies)]
    boundary = multipart.boundary_for(parts)
    found = multipart.read(
        response(multipart.content_type(boundary=boundary), multipart.write(parts, boundary))
    )
    assert list(found.parts) == parts
    assert found.deviations == ()


def test_the_boundary_occurs_in_no_part() -> None:
    hostile = [Part.of("a/b", f"--{multipart.BOUNDARY}".encode()), Part.of("a/b", b"")]
    assert multipart.boundary_for(hostile) != multipart.BOUNDARY


@pytest.mark.parametrize(
    ("rule", "content_type", "body"),
    [
        ("MP-001", "application/dicom", GOOD_BODY),
        ("MP-001", 'multipart/related; type="application/dicom"', GOOD_BODY),
        ("MP-001", 'multipart/related; boundary="b"', GOOD_BODY),
        ("MP-002", "multipart/related; type=application/dicom; boundary=b", GOOD_BODY),
        ("MP-003", GOOD_TYPE.replace("dicom", "octet-stream"), GOOD_BODY),
        ("MP-004", GOOD_TYPE, GOOD_BODY.removesuffix(b"--\r\n")),
        ("MP-004", GOOD_TYPE, b"no delimiter at all"),
        ("MP-005", GOOD_TYPE, GOOD_BODY.replace(b"Content-Type: application/dicom\r\n", b"")),
        ("MP-005", GOOD_TYPE, b"--b\r\nx\r\n--b--\r\n"),
        ("MP-006", GOOD_TYPE.replace('"b"', '"b@"'), GOOD_BODY.replace(b"--b", b"--b@")),
        ("MP-006", GOOD_TYPE.replace('"b"', "b=1"), GOOD_BODY.replace(b"--b", b"--b=1")),
        ("MP-009", GOOD_TYPE, GOOD_BODY.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n", 1)),
    ],
)
def test_a_departure_is_named(rule: str, content_type: str, body: bytes) -> None:
    assert rule in {found.rule for found in multipart.read(response(content_type, body)).deviations}


def test_a_good_response_has_no_deviation() -> None:
    found = multipart.read(response(GOOD_TYPE, GOOD_BODY))
    assert (found.deviations, found.parts[0].body) == ((), b"x")
