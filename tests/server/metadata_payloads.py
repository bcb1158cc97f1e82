"""Store requests of metadata and bulk data, as a client writes them."""

from collections.abc import Sequence

import httpx
import orjson
from pydicom import Dataset

from reference_server.dicomweb.dicom_json import Json
from tests.server.running import BOUNDARY, RunningArchive

Part = tuple[str, str | None, bytes]  # Content-Type, Content-Location, content
PIXEL_DATA = "7FE00010"
OCTETS = "application/octet-stream"
DICOM_JSON, DICOM_XML = "application/dicom+json", "application/dicom+xml"


def body_of(parts: Sequence[Part]) -> bytes:
    """Return the multipart body of these parts."""
    pieces = []
    for content_type, location, content in parts:
        where = f"Content-Location: {location}\r\n" if location else ""
        what = f"Content-Type: {content_type}\r\n" if content_type else ""
        head = f"--{BOUNDARY}\r\n{what}{where}\r\n"
        pieces.append(head.encode() + content + b"\r\n")
    return b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()


def send(archive: RunningArchive, parts: Sequence[Part], accept: str = DICOM_JSON) -> httpx.Response:
    """Answer a store of these parts, of which the first is the root."""
    root = parts[0][0].partition(";")[0]
    content_type = f'multipart/related; type="{root}"; boundary={BOUNDARY}'
    headers = {"Content-Type": content_type, "Accept": accept}
    return archive.client.post(f"{archive.base}/studies", content=body_of(parts), headers=headers)


def metadata(*models: Json) -> Part:
    """Return the part of the metadata of these instances."""
    return DICOM_JSON, None, orjson.dumps(models)


def model_without_pixels(dataset: Dataset, location: str, *without: str) -> Json:
    """Return the DICOM JSON object of a dataset whose pixel data are a part of their own."""
    plain = Dataset({tag: element for tag, element in dataset.items() if tag != int(PIXEL_DATA, 16)})
    for keyword in without:
        delattr(plain, keyword)
    model: Json = plain.to_json_dict(1 << 30, None)
    return model | {PIXEL_DATA: {"vr": "OW", "BulkDataURI": location}}


def reasons(response: httpx.Response) -> list[int]:
    """Return the failure reasons of a response dataset."""
    dataset = response.json()
    items = [item for tag in ("00081198", "0008119A") for item in dataset.get(tag, {}).get("Value", [])]
    return [item["00081197"]["Value"][0] for item in items]
