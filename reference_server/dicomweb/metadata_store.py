"""An instance that arrives as metadata and bulk data becomes a DICOM file (PS3.18 10.5.2, 8.7.3).

The file is in Explicit VR Little Endian, or in the transfer syntax of its compressed pixel data; the server
writes the file meta information. The same request gives the same bytes, so storing it again changes nothing.
What a dataset lacks is judged later, when the file is read like any other that arrives.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import orjson

from reference_server.dicomweb.bulkdata_parts import BulkParts, InstanceBulk
from reference_server.dicomweb.dicom_json import Json
from reference_server.dicomweb.dicom_json_reader import elements_of
from reference_server.dicomweb.dicom_xml_reader import xml_to_json
from reference_server.dicomweb.explicit_writer import write_dicom_file
from reference_server.dicomweb.media import DICOM_JSON, DICOM_XML, JSON
from reference_server.dicomweb.reasons import MalformedError

METADATA_TYPES = (DICOM_JSON, JSON, DICOM_XML)
SOP_CLASS_UID, SOP_INSTANCE_UID = "00080016", "00080018"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of one instance as a DICOM JSON object."""

    model: Json

    def uid(self, tag: str) -> str:
        """Return the UID of an attribute, or an empty text where there is none."""
        attribute = self.model.get(tag)
        values = attribute.get("Value") if isinstance(attribute, dict) else None
        return values[0] if isinstance(values, list) and values and isinstance(values[0], str) else ""


def read_metadata(essence: str, document: bytes) -> list[Metadata]:
    """Return the instances that a metadata part describes; raises MalformedError."""
    if essence == DICOM_XML:
        return [Metadata(xml_to_json(document))]
    try:
        models = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"the metadata are not JSON: {error}") from None
    if isinstance(models, dict):  # as some clients write the metadata of one instance
        models = [models]
    if not isinstance(models, list) or not all(isinstance(each, dict) for each in models):
        raise MalformedError("the metadata are not an array of JSON objects")
    return [Metadata(each) for each in models]


def write_file(metadata: Metadata, parts: BulkParts, path: Path) -> None:
    """Write the DICOM file of an instance; raises MalformedError."""
    with InstanceBulk(parts) as bulk, path.open("wb") as file:
        try:
            elements = elements_of(metadata.model, bulk.element)
            bulk.complete(elements)
            class_uid, uid = metadata.uid(SOP_CLASS_UID), metadata.uid(SOP_INSTANCE_UID)
            write_dicom_file(file, elements, class_uid, uid, bulk.transfer_syntax)
        except (ValueError, struct.error) as error:
            raise MalformedError(f"the dataset cannot be written: {error}") from None
