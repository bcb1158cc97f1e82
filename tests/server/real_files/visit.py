"""A visit stores one file in an archive, asks for it in every way, and holds each answer against the file."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from io import BytesIO
from itertools import islice
from typing import Any
from xml.etree import ElementTree as ET

import httpx
from PIL import Image
from pydicom import Dataset

from tests.server.real_files.folder import RealFile, read_silently
from tests.server.real_files.metadata import differences
from tests.server.real_files.pixels import Pixels, frame_differences
from tests.server.running import AS_STORED, RunningArchive, bearer, split_parts
from tests.server.test_round_trip import NEVER_SENT, assert_same_elements, digests_on_disk

MAX_COMPLAINTS = 5
PRIVATE_BLOCKS = 0x1000  # of a private group; elements below are their creators
XML_PARTS = 'multipart/related; type="application/dicom+xml"'


class Sentence(StrEnum):
    """What has to be true of a file; a visit has complaints under each."""

    STORED = "stored"
    BYTES = "bytes"
    METADATA = "metadata"
    XML = "xml"
    FRAMES = "frames"
    PICTURE = "picture"
    THUMBNAIL = "thumbnail"
    SEARCH = "search"


@dataclass(slots=True)
class Report:
    """What was found about one file."""

    file: RealFile
    true: set[Sentence] = field(default_factory=set)
    complaints: list[tuple[Sentence, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Visit:
    """One file in one archive."""

    def __init__(self, archive: RunningArchive, file: RealFile, token: str | None) -> None:
        self.archive, self.file, self.token = archive, file, token
        self.content = file.path.read_bytes()
        self.notes: list[str] = []

    @cached_property
    def dataset(self) -> Dataset:
        """The file as pydicom reads it."""
        return read_silently(self.file.path)

    @cached_property
    def pixels(self) -> Pixels:
        """Its frames as pydicom decodes them."""
        return Pixels.of(read_silently(self.file.path))

    def get(self, suffix: str = "", accept: str = "*/*") -> httpx.Response:
        """Answer a GET of the instance or below it."""
        return self.archive.get(f"{self.file.resource}{suffix}", accept, self.token)

    def fetch(self, uri: str) -> bytes:
        """Return the bytes behind a BulkDataURI."""
        headers = {"Accept": "application/octet-stream"} | (bearer(self.token) if self.token else {})
        return self.archive.client.get(uri, headers=headers).raise_for_status().content

    def stored(self) -> Iterator[str]:
        """Yield a complaint unless the archive takes the file."""
        answer = self.archive.store(self.content, token=self.token)
        if answer.status_code != httpx.codes.OK:
            yield f"STOW answers {answer.status_code} {answer.text:.300}"

    def bytes(self) -> Iterator[str]:
        """The file comes back byte for byte, or element by element if its syntax may not travel."""
        answer = self.get(accept=AS_STORED)
        if answer.status_code != httpx.codes.OK:
            yield f"the instance answers {answer.status_code} {answer.text:.200}"
            return
        [part] = split_parts(answer)
        if self.file.transfer_syntax not in NEVER_SENT:
            if part != self.content:
                yield f"{len(self.content)} bytes were stored, {len(part)} other ones come back"
            return
        self.notes.append("transcoded")
        if hashlib.sha256(self.content).digest() not in digests_on_disk(self.archive.data, len(self.content)):
            yield "the bytes on disk are other ones"
        try:
            assert_same_elements(read_silently(BytesIO(part)), read_silently(self.file.path))
        except (AssertionError, ValueError) as error:
            yield f"transcoded it is another dataset: {error!s:.200}"

    def metadata(self) -> Iterator[str]:
        """The metadata are pydicom's DICOM JSON."""
        answer = self.get("/metadata", "application/dicom+json")
        if answer.status_code != httpx.codes.OK:
            yield f"the metadata answer {answer.status_code}"
            return
        [model] = answer.json()
        yield from differences(self.dataset, model, self.fetch)

    def xml(self) -> Iterator[str]:
        """The metadata in XML are well-formed and name the attributes of those in JSON."""
        answer = self.get("/metadata", XML_PARTS)
        if answer.status_code != httpx.codes.OK:
            yield f"the metadata in XML answer {answer.status_code}"
            return
        [part] = split_parts(answer)
        [model] = self.get("/metadata", "application/dicom+json").json()
        tags = [each.attrib["tag"] for each in ET.fromstring(part)]
        if sorted(tags) != sorted(map(tag_in_xml, model)):
            yield f"XML has {len(tags)} attributes, JSON {len(model)}"

    def frames(self) -> Iterator[str]:
        """Frames are pydicom's pixels, and as stored they are its codec streams."""
        yield from frame_differences(self.pixels, self.get)

    def picture(self) -> Iterator[str]:
        """What pydicom decodes is rendered; what it does not is said to show nothing."""
        answer = self.get("/rendered")
        if answer.status_code == httpx.codes.NOT_ACCEPTABLE and not self.pixels.decodable:
            self.notes.append(f"no picture ({self.pixels.why})")
        elif answer.status_code != httpx.codes.OK:
            yield f"rendered answers {answer.status_code} {answer.text:.200} ({self.pixels.why})"
        elif answer.headers["content-type"].startswith(("text/", "application/pdf")):
            self.notes.append(f"rendered as {answer.headers['content-type'].partition(';')[0]}")
        else:
            yield from self._size_differences()

    def _size_differences(self) -> Iterator[str]:
        answer = self.get("/frames/1/rendered", "image/png")
        if answer.status_code != httpx.codes.OK:
            yield f"the first frame rendered answers {answer.status_code}"
        elif (size := opened_size(answer.content)) != self.pixels.size:
            yield f"a picture of {size} for an image of {self.pixels.size}"

    def thumbnail(self) -> Iterator[str]:
        """What pydicom decodes has a thumbnail, unless names may be burned in."""
        answer = self.get("/thumbnail")
        hidden = str(self.dataset.get("BurnedInAnnotation", "")) == "YES" or not self.pixels.decodable
        wanted = httpx.codes.NOT_FOUND if hidden else httpx.codes.OK
        if answer.status_code != wanted:
            yield f"the thumbnail answers {answer.status_code} {answer.text:.200}"
        elif not hidden and max(opened_size(answer.content)) > 128:
            yield f"the thumbnail has {opened_size(answer.content)} pixels"

    def search(self) -> Iterator[str]:
        """Searches by UID find the study, the series and the instance, each once."""
        study, series, instance = self.file.study, self.file.series, self.file.instance
        for path in (
            f"/studies?StudyInstanceUID={study}",
            f"/studies/{study}/series?SeriesInstanceUID={series}",
            f"/instances?SOPInstanceUID={instance}&StudyInstanceUID={study}",
        ):
            answer = self.archive.get(path, token=self.token)
            found: list[Any] = answer.json() if answer.status_code == httpx.codes.OK else []
            if len(found) != 1:
                yield f"{path} answers {answer.status_code} with {len(found)} results"


def tag_in_xml(tag: str) -> str:
    """Return a tag as XML names it: that of a private attribute without its block (PS3.19 A.1.6)."""
    number = int(tag, 16)
    private = number >> 16 & 1 and number & 0xFFFF >= PRIVATE_BLOCKS
    return f"{number & 0xFFFF00FF:08X}" if private else tag


def opened_size(content: bytes) -> tuple[int, int]:
    """Return columns and rows of a picture, having decoded it."""
    with Image.open(BytesIO(content)) as picture:
        picture.load()
        return picture.size


def visited(archive: RunningArchive, file: RealFile, token: str | None) -> Report:
    """Store a file, hold every sentence against the archive, and return what was found."""
    visit, report = Visit(archive, file, token), Report(file)
    for sentence in Sentence:
        complaints = list(islice(getattr(visit, sentence)(), MAX_COMPLAINTS))
        report.complaints += [(sentence, complaint) for complaint in complaints]
        if not complaints:
            report.true.add(sentence)
        elif sentence is Sentence.STORED:
            break  # nothing else can be asked for
    report.notes = visit.notes
    return report
