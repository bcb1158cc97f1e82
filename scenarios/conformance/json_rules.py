"""The rules of Annex F that a DICOM JSON payload can break, judged attribute by attribute.

Every rule is named by its row of clauses.tsv; the reader in dicom_json.py collects what is found here.
"""

import base64
import binascii
import itertools
import re
from collections.abc import Mapping
from typing import Any

from scenarios.conformance.deviation import Deviation

JSON = Any
TAG = re.compile(r"[0-9A-F]{8}")
NUMBER_VRS = frozenset({"FL", "FD", "SL", "SS", "UL", "US"})
NUMBER_OR_STRING_VRS = frozenset({"IS", "DS", "SV", "UV"})
BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
TEXT_VRS = frozenset(
    {"AE", "AS", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT", "AT"},
)
BY_VALUE_VRS = frozenset({"PN", "LO", "SH", "CS", "UI", "DA", "TM", "DT", "AE", "AS", "AT", "UR", "SQ"})
ALL_VRS = NUMBER_VRS | NUMBER_OR_STRING_VRS | BINARY_VRS | TEXT_VRS | {"PN", "SQ"}
PN_GROUPS = frozenset({"Alphabetic", "Ideographic", "Phonetic"})
FORMS = ("Value", "BulkDataURI", "InlineBinary")


def judge(attributes: Mapping[str, JSON], where: str, deviations: list[Deviation]) -> None:
    """Note what is wrong with the names of one nesting level, then with each attribute, then deeper."""
    names = list(attributes)
    if names != sorted(names):
        first = next(after for before, after in itertools.pairwise(names) if after < before)
        deviations.append(Deviation("JSON-003", where, f"{first} is out of order"))
    for tag, attribute in attributes.items():
        here = f"{where}/{tag}"
        if not TAG.fullmatch(tag):
            deviations.append(Deviation("JSON-002", here, "the name is not eight upper case hex digits"))
        elif tag.endswith("0000"):
            deviations.append(Deviation("JSON-004", here, "a group length element"))
        if isinstance(attribute, dict):
            _judge_attribute(attribute, here, deviations)
        else:
            deviations.append(Deviation("JSON-005", here, "the attribute is not an object"))


def _judge_attribute(attribute: dict[str, JSON], where: str, deviations: list[Deviation]) -> None:
    vr = attribute.get("vr")
    if vr not in ALL_VRS:
        deviations.append(Deviation("JSON-005", where, f"vr is {vr!r}"))
    forms = [form for form in FORMS if form in attribute]
    if len(forms) > 1:
        deviations.append(Deviation("JSON-006", where, f"has {' and '.join(forms)}"))
    if "InlineBinary" in attribute:
        _judge_inline_binary(attribute["InlineBinary"], where, deviations)
    if "BulkDataURI" in attribute and vr in BY_VALUE_VRS:
        deviations.append(Deviation("META-005", where, f"{vr} is given as BulkDataURI"))
    if "Value" not in attribute:
        return
    values = attribute["Value"]
    if not isinstance(values, list):
        deviations.append(Deviation("JSON-006", where, "Value is not an array"))
        return
    if not values or values in ([None], [""]):
        deviations.append(Deviation("JSON-007", where, f"an empty attribute has Value {values!r}"))
        return
    if vr in BINARY_VRS:
        deviations.append(Deviation("JSON-018", where, f"{vr} is given as Value"))
    for value in values:
        _judge_value(vr, value, where, deviations)


def _judge_inline_binary(text: JSON, where: str, deviations: list[Deviation]) -> None:
    try:
        if isinstance(text, str) and base64.b64decode(text, validate=True):
            return
    except binascii.Error:
        pass
    deviations.append(Deviation("JSON-017", where, "InlineBinary is not one base64 string with content"))


def _judge_value(vr: JSON, value: JSON, where: str, deviations: list[Deviation]) -> None:
    if vr == "SQ":
        if isinstance(value, dict):
            judge(value, where, deviations)
        else:
            deviations.append(Deviation("JSON-019", where, f"an item is {value!r}, not an object"))
    elif vr == "PN":
        _judge_name(value, where, deviations)
    elif value == "":
        deviations.append(Deviation("JSON-008", where, "an empty value is an empty string, not null"))
    elif value is not None and (rule := _broken_type_rule(vr, value)):
        deviations.append(Deviation(rule, where, f"{vr} is {value!r}"))
    if isinstance(value, str) and value != value.rstrip(" \0") and vr in {"UI", "CS", "LO", "SH"}:
        deviations.append(Deviation("JSON-020", where, f"{value!r} keeps its padding"))


def _broken_type_rule(vr: JSON, value: JSON) -> str:
    """Return the rule that a value of this VR breaks by its JSON type, or nothing."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if vr in NUMBER_VRS and not is_number:
        return "JSON-015" if vr in {"FL", "FD"} else "JSON-014"
    if vr in NUMBER_OR_STRING_VRS and not (is_number or isinstance(value, str)):
        return "JSON-012"
    if vr == "AT" and not (isinstance(value, str) and TAG.fullmatch(value)):
        return "JSON-016"
    return "JSON-005" if vr in TEXT_VRS and not isinstance(value, str) else ""


def _judge_name(value: JSON, where: str, deviations: list[Deviation]) -> None:
    if value is None:
        return
    if not isinstance(value, dict) or not set(value) <= PN_GROUPS:
        deviations.append(Deviation("JSON-010", where, f"a person name is {value!r}"))
        return
    empty = [group for group, text in value.items() if text in {"", None}]
    if empty:
        deviations.append(Deviation("JSON-011", where, f"empty groups {', '.join(empty)}"))
