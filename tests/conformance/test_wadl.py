"""A capabilities description says the same in both of its forms, and what is none is a violation."""

import json
from collections.abc import Callable

import pytest

from scenarios.conformance.findings import Violation
from scenarios.conformance.wadl import Declared, Description, read_json, read_xml

XML = b"""<?xml version="1.0"?>
<application xmlns="http://wadl.dev.java.net/2009/02">
  <resources base="http://h/d">
    <resource path="/studies">
      <method name="GET" id="SearchForStudies"/><method href="#store"/>
      <resource path="{study}/metadata"><method name="GET"/></resource>
    </resource>
  </resources>
  <method name="POST" id="store"/>
</application>"""
APPLICATION = {
    "resources": {
        "@base": "http://h/d",
        "resource": [
            {
                "@path": "studies",
                "method": [{"@name": "GET"}, {"@name": "POST"}],
                "resource": [{"@path": "{study}/metadata", "method": [{"@name": "GET"}]}],
            }
        ],
    }
}
EXPECTED = Description(
    ("http://h/d",),
    (
        Declared(("studies",), frozenset({"GET", "POST"})),
        Declared(("studies", "{study}", "metadata"), frozenset({"GET"})),
    ),
)


def test_both_forms_say_the_same() -> None:
    assert read_xml(XML) == EXPECTED
    assert read_json(json.dumps({"application": APPLICATION}).encode()) == EXPECTED


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", ("studies",), True),
        ("GET", ("studies", "{}", "metadata"), True),
        ("POST", ("studies", "{}", "metadata"), False),
        ("GET", ("{}",), False),
        ("GET", ("studies", "{}"), False),
    ],
)
def test_a_declaration_is_of_a_method_and_a_path(method: str, path: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert EXPECTED.declares(method, *path) is expected


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (read_xml, b"<application"),
        (read_xml, b"<html/>"),
        (read_json, b"{"),
        (read_json, b"[]"),
        (read_json, b'{"application": []}'),
        (read_json, b'{"application": {"resources": ["x"]}}'),
    ],
)
def test_what_is_no_description_is_a_violation(read: Callable[[bytes], Description], body: bytes) -> None:
    with pytest.raises(Violation):
        read(body)
