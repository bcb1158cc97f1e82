"""The DICOM JSON model of an instance (PS3.18 Annex F), encoded once, when the instance is stored.

Pixel data, and binary values above a threshold, are named by BulkDataURI. The stored form begins each URI
with a placeholder, because the absolute URL depends on how the archive is reached; `with_base` puts it in.
"""

import math
from operator import itemgetter
from typing import Any

import orjson
from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from reference_server.dicomweb.plain_values import INTEGERS_64_BIT, plain_values
from reference_server.dicomweb.transfer import WORD_BYTES, little_endian

Json = dict[str, Any]

BASE = "@base@"
BULK = "@bulk@"  # in a model whose instance is not known yet; `placed` puts in where its bulk data are
BULK_THRESHOLD_BYTES = 1024
MAX_INLINE_BYTES = 1 << 20  # of a value of any VR but SQ; beyond, numbers and text are bulk data too
UNDEFINED_LENGTH = 0xFFFFFFFF
PIXEL_VRS = {0x7FE00008: "OF", 0x7FE00009: "OD", 0x7FE00010: "OW"}
BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
SPECIFIC_CHARACTER_SET = 0x00080005


def placed(model: Json, bulk_uri: str) -> bytes:
    """Return the JSON of a model, every BulkDataURI that begins with the placeholder below this one."""
    return orjson.dumps(model).replace(
        b'"BulkDataURI":"' + BULK.encode(), b'"BulkDataURI":"' + bulk_uri.encode()
    )


def with_base(metadata: bytes, base: bytes) -> bytes:
    """Return stored metadata with every BulkDataURI below the absolute base URL."""
    return metadata.replace(b'"BulkDataURI":"' + BASE.encode(), b'"BulkDataURI":"' + base)


def model_of(dataset: Dataset, bulk_uri: str) -> Json:
    """Return the DICOM JSON object of a dataset; text is UTF-8, so (0008,0005) says ISO_IR 192."""
    return {
        f"{tag:08X}": element_json(dataset, tag, raw, f"{bulk_uri}/{tag:08X}")
        for tag, raw in sorted(dataset.items(), key=itemgetter(0))
        if tag & 0xFFFF  # group lengths say nothing
    }


def element_json(dataset: Dataset, tag: BaseTag, raw: Any, uri: str) -> Json:
    """Return the JSON of one attribute; `raw` is the element as it was read, perhaps without its value."""
    if tag == SPECIFIC_CHARACTER_SET:
        return {"vr": "CS", "Value": ["ISO_IR 192"]}
    if tag in PIXEL_VRS:
        return {"vr": _pixel_vr(raw.VR, tag), "BulkDataURI": uri}
    if isinstance(raw, RawDataElement) and raw.is_little_endian:
        bulk_vr = _bulk_vr(raw)
        if bulk_vr is not None:
            return {"vr": bulk_vr, "BulkDataURI": uri}
        values = plain_values(raw.VR, raw.value)
        if values is not None:
            return {"vr": raw.VR, "Value": values} if values else {"vr": raw.VR}
    try:
        element = dataset[tag]
        if isinstance(raw, RawDataElement) and not raw.is_little_endian and element.VR in WORD_BYTES:
            # Binary values are little endian in JSON (PS3.18 F.2.7); pydicom leaves their words as they are.
            element = DataElement(tag, element.VR, little_endian(element.value, WORD_BYTES[element.VR]))
        return _attribute(element, uri)
    except Exception:  # noqa: BLE001  pydicom raises many types on malformed values
        # The value is not what its VR says; its bytes are still to be had.
        return {"vr": "UN", "BulkDataURI": uri}


def _bulk_vr(raw: RawDataElement) -> str | None:
    """Return the VR of a value that is too large to stand in the metadata, or None."""
    if raw.length == UNDEFINED_LENGTH or raw.length <= BULK_THRESHOLD_BYTES:
        return None
    if raw.VR in BINARY_VRS:
        return str(raw.VR)
    if raw.length <= MAX_INLINE_BYTES:
        return None
    vr = raw.VR or (dictionary_VR(raw.tag) if dictionary_has_tag(raw.tag) else "UN")
    return None if vr == "SQ" else vr.rpartition(" ")[2]


def _pixel_vr(vr: str | None, tag: int) -> str:
    """Return the VR of pixel data as stored; implicit VR leaves it to the data dictionary (PS3.5 A.1)."""
    return str(vr) if vr in ("OB", "OW", "OF", "OD") else PIXEL_VRS[tag]


def _attribute(element: DataElement, uri: str) -> Json:
    """Return the JSON of one attribute as pydicom converts it; what does not fit its VR raises."""
    vr = element.VR.split(" or ")[-1] if " or " in element.VR else str(element.VR)
    if vr == "SQ":
        items = [model_of(item, f"{uri}/{number}") for number, item in enumerate(element.value)]
        return {"vr": vr, "Value": items} if items else {"vr": vr}
    if vr in BINARY_VRS:
        content = element.value or b""
        if len(content) > BULK_THRESHOLD_BYTES:
            return {"vr": vr, "BulkDataURI": uri}
        plain: Json = DataElement(element.tag, vr, content).to_json_dict(None, BULK_THRESHOLD_BYTES + 1)
        return plain
    if element.is_empty:
        return {"vr": vr}
    values = element.value if isinstance(element.value, MultiValue | list) else [element.value]
    return {"vr": vr, "Value": [_value(vr, each) for each in values]}


def _value(vr: str, value: Any) -> Any:
    """Return one value of a multi-valued attribute; an empty one is null (PS3.18 F.2.5)."""
    if value is None or (value == "" and vr != "PN"):
        return None
    if vr == "PN":
        return _person_name(value)
    if vr in ("IS", "US", "SS", "UL", "SL", "UV", "SV"):
        number = int(value)
        return number if number in INTEGERS_64_BIT else str(value).strip()
    if vr in ("DS", "FL", "FD"):
        real = float(value)
        # JSON has no NaN or infinity; a string keeps the value (PS3.18 F.2.3 leaves it open).
        return real if math.isfinite(real) else str(real).replace("inf", "Infinity").replace("nan", "NaN")
    if vr == "AT":
        return f"{int(value):08X}"
    return str(value)


def _person_name(value: Any) -> Json | None:
    """Return the component groups of a person name that are not empty (PS3.18 F.2.2)."""
    groups = {
        "Alphabetic": value.alphabetic,
        "Ideographic": value.ideographic,
        "Phonetic": value.phonetic,
    }
    return {name: text for name, text in groups.items() if text} or None
