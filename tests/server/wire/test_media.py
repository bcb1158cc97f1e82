"""Media types are read as HTTP spells them, and as clients do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.dicomweb.media import MediaType, parse_media_type, split_list
from reference_server.errors import BadRequest

TOKENS = st.from_regex(r"[a-z0-9!#$&^_.+-]{1,12}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


@pytest.mark.parametrize(
    ("text", "essence", "parameters"),
    [
        ("application/dicom", "application/dicom", ()),
        ("Application/DICOM+JSON", "application/dicom+json", ()),
        (" */* ", "*/*", ()),
        ("a/b;q=0.5", "a/b", (("q", "0.5"),)),
        ("a/b ; Q = 0.5 ;", "a/b", (("q", "0.5"),)),
        ('a/b;type="c/d;e,f"', "a/b", (("type", "c/d;e,f"),)),
        (r'a/b;x="say \"hi\" \\"', "a/b", (("x", r'say "hi" ' + "\\"),)),
        ("a/b;type=c/d;transfer-syntax=*", "a/b", (("type", "c/d"), ("transfer-syntax", "*"))),
        ("a/b;x=1;x=2", "a/b", (("x", "1"), ("x", "2"))),
        ("a/b;x=", "a/b", (("x", ""),)),
        ("a/b;;x=1", "a/b", (("x", "1"),)),
    ],
)
def test_media_types(text: str, essence: str, parameters: tuple[tuple[str, str], ...]) -> None:
    assert parse_media_type(text) == MediaType(essence, parameters)


@pytest.mark.parametrize(
    "text",
    ["", "toto", "a/", "/b", "a/b/c", "a b/c", "a/b;x", "a/b;=1", 'a/b;x="open', 'a/b;x="a"b', "a/b, c/d"],
)
def test_what_is_no_media_type(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_media_type(text)


@given(TOKENS, TOKENS, st.lists(st.tuples(TOKENS, VALUES), max_size=4))
def test_quoted_parameters_are_read_as_written(
    kind: str, subtype: str, parameters: list[tuple[str, str]]
) -> None:
    quoted = [f'{name}="{_escaped(value)}"' for name, value in parameters]
    text = ";".join([f"{kind}/{subtype}", *quoted])
    assert parse_media_type(text) == MediaType(f"{kind}/{subtype}", tuple(parameters))
    assert split_list(f"{text}, {text},, {text}") == [text] * 3


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


@given(st.text(max_size=60))
def test_any_text_is_a_media_type_or_refused(text: str) -> None:
    for element in split_list(text):
        try:
            parsed = parse_media_type(element)
        except BadRequest:
            continue
        assert parsed.essence.count("/") == 1


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("", []),
        (" , ,", []),
        ("a/b,c/d", ["a/b", "c/d"]),
        ('a/b;x="1,2", c/d', ['a/b;x="1,2"', "c/d"]),
        (r'a/b;x="1\",2", c/d', [r'a/b;x="1\",2"', "c/d"]),
        ('a/b, c/d;x="open, e/f', ["a/b", 'c/d;x="open, e/f']),
    ],
)
def test_lists(text: str, elements: list[str]) -> None:
    assert split_list(text) == elements


def test_a_list_of_a_million_open_quotes_is_read_in_one_go() -> None:
    # Looking for the end of each quote anew would take hours, and end in the time limit of the tests.
    hostile = '"' + '\\"' * 1_000_000
    assert split_list(hostile) == [hostile]


@pytest.mark.parametrize(("text", "quality"), [("a/b", 1.0), ("a/b;q=0", 0.0), ("a/b;q=0.125;x=1", 0.125)])
def test_weights(text: str, quality: float) -> None:
    assert parse_media_type(text).quality == quality


@pytest.mark.parametrize("weight", ["", "x", "-1", "1.1", "nan", "inf"])
def test_what_is_no_weight(weight: str) -> None:
    with pytest.raises(BadRequest):
        _ = parse_media_type(f"a/b;q={weight}").quality


def test_parameters_are_asked_for_by_name() -> None:
    parsed = parse_media_type("a/b; Type=x; transfer-syntax=1; transfer-syntax=*")
    assert parsed.parameter("type") == "x"
    assert parsed.parameter("charset") is None
    assert parsed.parameter_values("transfer-syntax") == ("1", "*")
