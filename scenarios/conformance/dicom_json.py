"""DICOM JSON as Annex F writes it, read leniently: what breaks a rule is noted, and its value still given.

`read` returns the datasets of a payload and every deviation in it, each under its id of clauses.tsv. A
check about values reads past them; a check about the form asks for them.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydicom.datadict import tag_for_keyword

from scenarios.conformance import json_rules
from scenarios.conformance.deviation import Deviation
from scenarios.conformance.findings import HarnessError

JSON = Any
TAG = re.compile(r"[0-9A-F]{8}")


def tag_of(name: str) -> str:
    """Return the eight hex digits of a keyword or of a tag; anything else is a HarnessError."""
    if TAG.fullmatch(name.upper()):
        return name.upper()
    number = tag_for_keyword(name)
    if number is None:
        raise HarnessError(f"{name!r} is neither a keyword nor a tag of the DICOM dictionary")
    return f"{number:08X}"


@dataclass(frozen=True, slots=True)
class JsonDataset:
    """One dataset of a payload; attributes are asked for by keyword or by tag."""

    attributes: Mapping[str, JSON]

    def __contains__(self, name: str) -> bool:
        """Tell whether the attribute is present, with or without a value."""
        return tag_of(name) in self.attributes

    def values(self, name: str) -> list[JSON]:
        """Return the values of the attribute; none if it is absent, empty or given as binary."""
        attribute = self.attributes.get(tag_of(name))
        value = attribute.get("Value", []) if isinstance(attribute, dict) else []
        return value if isinstance(value, list) else [value]

    def value(self, name: str) -> JSON:
        """Return the first value of the attribute, or None."""
        return next(iter(self.values(name)), None)

    def text(self, name: str) -> str:
        """Return the first value as text without padding; of a person name the alphabetic group."""
        value = self.value(name)
        if isinstance(value, dict):
            value = value.get("Alphabetic")
        return "" if value is None else str(value).strip(" \0")

    def items(self, name: str) -> list["JsonDataset"]:
        """Return the items of a sequence."""
        return [JsonDataset(item) for item in self.values(name) if isinstance(item, dict)]

    def vr(self, name: str) -> str | None:
        """Return the VR that the payload gives, or None if the attribute is absent."""
        attribute = self.attributes.get(tag_of(name))
        vr = attribute.get("vr") if isinstance(attribute, dict) else None
        return vr if isinstance(vr, str) else None

    def bulk_data_uri(self, name: str) -> str | None:
        """Return the BulkDataURI of the attribute, or None."""
        attribute = self.attributes.get(tag_of(name))
        uri = attribute.get("BulkDataURI") if isinstance(attribute, dict) else None
        return uri if isinstance(uri, str) else None

    def inline_binary(self, name: str) -> bytes | None:
        """Return the decoded InlineBinary of the attribute, or None if it is absent or not base64."""
        attribute = self.attributes.get(tag_of(name))
        text = attribute.get("InlineBinary") if isinstance(attribute, dict) else None
        try:
            return base64.b64decode(text, validate=True) if isinstance(text, str) else None
        except binascii.Error:
            return None

    def walk(self, path: str = "") -> Iterator[tuple[str, str, JSON]]:
        """Yield (path, tag, attribute) for every attribute at every nesting level."""
        for tag, attribute in self.attributes.items():
            here = f"{path}/{tag}"
            yield here, tag, attribute
            if isinstance(attribute, dict) and attribute.get("vr") == "SQ":
                for number, item in enumerate(attribute.get("Value") or []):
                    if isinstance(item, dict):
                        yield from JsonDataset(item).walk(f"{here}[{number}]")


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """A payload: its datasets, what broke a rule, and whether it was an array as it has to be."""

    datasets: tuple[JsonDataset, ...]
    deviations: tuple[Deviation, ...]
    is_array: bool = True
    is_json: bool = True


def read(body: bytes) -> JsonDocument:
    """Return the datasets of a DICOM JSON payload with every deviation from Annex F."""
    deviations: list[Deviation] = []

    def pairs(members: list[tuple[str, JSON]]) -> dict[str, JSON]:
        found = dict(members)
        if len(found) < len(members):
            deviations.append(Deviation("JSON-001", "", f"a name occurs twice among {sorted(found)[:5]}"))
        return found

    def constant(token: str) -> float:
        deviations.append(Deviation("JSON-001", "", f"the bare token {token} is not JSON"))
        deviations.append(Deviation("JSON-015", "", f"the bare token {token} is not JSON"))
        return float(token.replace("Infinity", "inf"))

    if body.startswith(b"\xef\xbb\xbf"):
        deviations.append(Deviation("JSON-001", "", "starts with a byte order mark"))
    try:
        text = body.decode("utf-8-sig")
        payload = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        return JsonDocument((), (*deviations, Deviation("JSON-001", "", f"not JSON: {error}")), is_json=False)
    is_array = isinstance(payload, list)
    objects = payload if is_array else [payload]
    datasets = tuple(JsonDataset(found) for found in objects if isinstance(found, dict))
    if len(datasets) < len(objects):
        deviations.append(Deviation("JSON-019", "", "an entry of the payload is not an object"))
    for number, dataset in enumerate(datasets):
        json_rules.judge(dataset.attributes, f"[{number}]", deviations)
    return JsonDocument(datasets, tuple(deviations), is_array)
