"""Instances that are read rather than seen: reports and encapsulated PDF (PS3.18 8.7.4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.uid import EncapsulatedPDFStorage

from reference_server.dicomweb.accept import ANYTHING
from reference_server.dicomweb.decoding import codecs_at_work
from reference_server.dicomweb.media import MediaType
from reference_server.dicomweb.rendering import CANNOT_RENDER, ImageSource
from reference_server.dicomweb.report import report_html, report_text
from reference_server.errors import NotAcceptable

HTML = "text/html"
PLAIN = "text/plain"
PDF = "application/pdf"
DOCUMENT_TYPES = (HTML, PLAIN, PDF)
IN_UTF_8 = "; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Document:
    """An instance that is read: how it is written in each of its media types, the default first."""

    writers: Mapping[str, Callable[[], bytes]]

    def choose(self, acceptable: tuple[MediaType, ...]) -> str:
        """Return the best acceptable media type; raises NotAcceptable."""
        refused = {each.essence for each in acceptable if each.quality == 0}
        for each in acceptable:
            family = each.essence.partition("/")[0] + "/"
            wildcard = each.essence in (ANYTHING, f"{family}*")
            for name in self.writers:
                fits = name == each.essence or (
                    wildcard and (each.essence == ANYTHING or name.startswith(family))
                )
                if fits and each.quality > 0 and name not in refused:
                    return name
        raise NotAcceptable(f"this instance is rendered as {' and '.join(self.writers)}")

    @codecs_at_work(CANNOT_RENDER)
    def written(self, media_type: str) -> bytes:
        """Return the document in one of its media types."""
        return self.writers[media_type]()


@codecs_at_work(CANNOT_RENDER)
def source_of(content: bytes) -> ImageSource | Document:
    """Return what a file shows; one that shows nothing raises NotAcceptable."""
    dataset = dcmread(BytesIO(content), force=True)
    if dataset.get("ValueType") == "CONTAINER":
        return Document({HTML: partial(report_html, dataset), PLAIN: partial(report_text, dataset)})
    if dataset.get("SOPClassUID") == EncapsulatedPDFStorage:
        return Document({PDF: partial(_encapsulated, dataset)})
    return ImageSource.of_dataset(dataset)


def _encapsulated(dataset: Dataset) -> bytes:
    """Return an encapsulated document without the octet that makes its length even."""
    content: bytes = dataset.EncapsulatedDocument
    return content[: dataset.get("EncapsulatedDocumentLength") or len(content)]
