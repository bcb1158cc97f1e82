"""The values of DICOM JSON (F.2.3 to F.2.5): names, numbers, binary, multiple and unusual values."""

import math
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from scenarios.conformance.archive import Archive
from scenarios.conformance.check import check
from scenarios.conformance.checks.json_form import metadata_of_all
from scenarios.conformance.deviation import expect_rule
from scenarios.conformance.findings import Violation, expect, expect_equal
from scenarios.conformance.fixtures import F
from scenarios.conformance.fixtures.fixture import Stock
from scenarios.conformance.fixtures.text import NAMES
from scenarios.conformance.verdict import Severity

GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
SAME_TEXT = frozenset({"ISO_IR 192", ""})  # what a transcoded dataset may call its character set


def decimals(values: Iterable[object]) -> list[Decimal]:
    """Return numbers, or strings of numbers, with all their digits; anything else is a violation."""
    try:
        return [Decimal(str(value)) for value in values]
    except InvalidOperation as error:
        raise Violation("numbers, or strings of numbers", list(values)) from error


@check("JSON-010", needs=F.CHARSET)
def a_name_is_an_object_of_groups(archive: Archive, charset: Stock) -> None:
    """A name of three groups has Alphabetic, Ideographic and Phonetic members of caret-joined components."""
    instance = charset["jis"]
    found = archive.metadata(instance.path)
    expect_rule(found.deviations, "JSON-010", "a person name as an object of groups")
    groups = dict(zip(GROUPS, NAMES["jis"][1].split("="), strict=True))
    expect_equal(found.only.value("PatientName"), groups, "Patient's Name")


@check("JSON-011", needs=F.CHARSET)
def an_empty_group_of_a_name_is_left_out(archive: Archive, charset: Stock) -> None:
    """A name without phonetic group has no Phonetic member."""
    value = archive.metadata(charset["no-phonetic"].path).only.value("PatientName")
    expect(isinstance(value, dict) and "Ideographic" in value, "the Ideographic group", got=value)
    expect_equal(sorted(value), ["Alphabetic", "Ideographic"], "groups of the name")


@check("JSON-012", needs=F.VR)
def decimal_and_long_integers_are_numbers_or_strings(archive: Archive, vr: Stock) -> None:
    """IS, DS, SV and UV values are JSON numbers or strings, and have the values that were stored."""
    found = metadata_of_all(archive, vr)
    expect_rule(found.deviations, "JSON-012", "numbers or strings")
    expected: dict[str, list[float]] = {
        "SelectorISValue": [1, -(2**31), 2**31 - 1],
        "SelectorDSValue": [1.5, -2, 1234567890.12345],
        "SelectorSVValue": [-(2**63)],
        "SelectorUVValue": [2**64 - 1],
    }
    for name, numbers in expected.items():
        values = decimals(found.only.values(name))
        expect_equal(values, decimals(numbers), name)


@check("JSON-013", needs=F.ODD)
def a_decimal_string_keeps_its_digits(archive: Archive, odd: Stock) -> None:
    """DS values of 13 and 15 digits keep all of them."""
    values = archive.metadata(odd["exact"].path).only.values("SelectorDSValue")
    expected = [Decimal("0.1234567890123"), Decimal("1234567890.12345")]
    expect_equal(decimals(values), expected, "DS values")


@check("JSON-001", "JSON-012", needs=F.ODD)
def unusual_decimal_strings_are_valid_json(archive: Archive, odd: Stock) -> None:
    """DS values written as +1.0, 01.50, 1.E2 and .5 leave the payload valid JSON and keep their values."""
    found = archive.metadata(odd["spelled"].path)
    expect_rule(found.deviations, "JSON-001", "valid JSON")
    expect_rule(found.deviations, "JSON-012", "numbers or strings")
    values = decimals(found.only.values("SelectorDSValue"))
    expect_equal(values, [Decimal(1), Decimal("1.5"), Decimal(100), Decimal("0.5")], "DS values")


@check("JSON-014", needs=F.VR)
def binary_numbers_are_numbers(archive: Archive, vr: Stock) -> None:
    """US, UL, SS, SL, FL and FD values are JSON numbers and have the values that were stored."""
    found = metadata_of_all(archive, vr)
    expect_rule(found.deviations, "JSON-014", "JSON numbers")
    expected = {
        "SelectorUSValue": [2**16 - 1],
        "SelectorULValue": [2**32 - 1],
        "SelectorSSValue": [-(2**15)],
        "SelectorSLValue": [-(2**31)],
        "SelectorFLValue": [1.5, -2.25],
        "SelectorFDValue": [1.5, -0.1, 1e300],
    }
    for name, numbers in expected.items():
        expect_equal(found.only.values(name), numbers, name)


@check("JSON-015", needs=F.ODD)
def a_value_that_is_no_number_leaves_valid_json(archive: Archive, odd: Stock) -> None:
    """FD values of NaN and infinity are strings, null or binary, but not the bare token NaN."""
    found = archive.metadata(odd["nan"].path)
    expect_equal(found.texts("SOPInstanceUID"), [odd["nan"].uid], "instances")
    bare = [str(each) for each in found.deviations if each.rule == "JSON-015" and "bare" in each.what]
    expect(not bare, "JSON without the bare tokens NaN and Infinity", got=bare, severity=Severity.FAIL)
    values = found.only.values("SelectorFDValue")
    if not all(isinstance(value, str) for value in values) or not values:
        archive.warn(f"DR-28: NaN and infinities come as {found.only.attributes.get('00720074')}")
        return
    numbers = [float(value) for value in values]
    expect(math.isnan(numbers[0]), "NaN", got=values[0], severity=Severity.FAIL)
    expect_equal(numbers[1:], [math.inf, -math.inf], "infinities", severity=Severity.FAIL)


@check("JSON-016", needs=F.VR)
def an_attribute_tag_is_eight_hex_digits(archive: Archive, vr: Stock) -> None:
    """AT values are strings of eight upper case hex digits."""
    found = metadata_of_all(archive, vr)
    expect_rule(found.deviations, "JSON-016", "eight upper case hex digits")
    expect_equal(found.only.values("SelectorATValue"), ["00181063", "0020000D"], "AT values")


@check("JSON-017", needs=F.VR)
def inline_binary_is_the_whole_value(archive: Archive, vr: Stock) -> None:
    """A value given as InlineBinary is one base64 string of what was stored, in little endian."""
    found = metadata_of_all(archive, vr)
    expect_rule(found.deviations, "JSON-017", "one base64 string")
    for tag in (
        "00091002",
        "00720065",
        "00720067",
        "00720069",
        "0072006D",
        "00720073",
        "00720075",
        "00720081",
    ):
        inline = found.only.inline_binary(tag)
        if inline is not None:
            expect_equal(inline, vr["all"].dataset[int(tag, 16)].value, f"binary of {tag}")
    small, uri = found.only.inline_binary("00091002"), found.only.bulk_data_uri("00091002")
    expect(small or uri, "the private OB inline or as bulk data", got=found.only.attributes.get("00091002"))


@check("JSON-021", needs=F.VR)
def a_backslash_parts_values_but_not_text(archive: Archive, vr: Stock) -> None:
    """SH and UC values part at a backslash; ST and LT keep theirs in one value."""
    only = metadata_of_all(archive, vr).only
    expect_equal(only.values("SelectorSHValue"), ["odd", "even"], "SH values")
    expect_equal(only.values("SelectorUCValue"), ["unlimited", "characters"], "UC values")
    expect_equal(only.values("SelectorSTValue"), ["text \\ text"], "ST values")
    expect_equal(only.values("SelectorLTValue"), ["one value \\ with a backslash"], "LT values")


@check("JSON-022", needs=F.CHARSET)
def text_is_unicode_whatever_its_character_set(archive: Archive, charset: Stock) -> None:
    """Text stored in Latin-1 comes as Unicode; Specific Character Set is ISO_IR 192 or absent (DR-29)."""
    instance = charset["latin-1"]
    only = archive.metadata(instance.path).only
    expect_equal(only.text("PatientName"), NAMES["latin-1"][1], "Patient's Name", severity=Severity.FAIL)
    stated = only.text("SpecificCharacterSet")
    if stated == "ISO_IR 100":
        archive.warn("DR-29: Specific Character Set is the stored one, though the text is UTF-8")
    else:
        expect(stated in SAME_TEXT, "ISO_IR 192, ISO_IR 100 or none", got=stated)


@check("JSON-024", needs=F.IVR)
def an_unknown_attribute_stays(archive: Archive, ivr: Stock) -> None:
    """A private attribute of an unknown creator, stored in Implicit VR, is UN with its binary value."""
    only = archive.metadata(ivr["implicit"].path).only
    expect("00091001" in only, "the private attribute (0009,1001)", got="nothing")
    expect_equal(only.vr("00091001"), "UN", "VR of the private attribute")
    if only.bulk_data_uri("00091001") is None:
        expect_equal(only.inline_binary("00091001"), b"unknown ", "value of the private attribute")
