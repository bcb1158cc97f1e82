"""Responses read as what they answer: matches of a search, the outcome of a store, retrieved instances."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from pydicom import dcmread
from pydicom.dataset import Dataset

from scenarios.conformance import dicom_json
from scenarios.conformance.deviation import Deviation
from scenarios.conformance.dicom_json import JsonDataset
from scenarios.conformance.findings import Violation
from scenarios.conformance.message import Response
from scenarios.conformance.multipart import Part

UID_OF_LEVEL = {
    "studies": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instances": "SOPInstanceUID",
}


@dataclass(frozen=True, slots=True)
class Datasets(Sequence[JsonDataset]):
    """The datasets of a DICOM JSON payload, as a sequence; a response without a body has none."""

    response: Response
    found: tuple[JsonDataset, ...]
    deviations: tuple[Deviation, ...]
    is_array: bool
    level: str = "instances"

    @classmethod
    def of(cls, response: Response, level: str = "instances") -> "Datasets":
        """Read the datasets of a 200 or 204; another status or a body that is not JSON is a violation."""
        if response.status not in {200, 204}:
            raise Violation("200 with DICOM JSON, or 204", str(response))
        if response.truncated:
            raise Violation("a complete body", str(response))
        if not response.body:
            return cls(response, (), (), is_array=True, level=level)
        document = dicom_json.read(response.body)
        if not document.is_json:
            raise Violation("a body of DICOM JSON", f"{response}: {document.deviations[-1]}")
        return cls(response, document.datasets, document.deviations, document.is_array, level)

    @overload
    def __getitem__(self, index: int) -> JsonDataset: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[JsonDataset]: ...
    def __getitem__(self, index: int | slice) -> JsonDataset | Sequence[JsonDataset]:
        """Return one dataset or a slice of them."""
        return self.found[index]

    def __len__(self) -> int:
        """Count the datasets."""
        return len(self.found)

    @property
    def only(self) -> JsonDataset:
        """The one dataset; another number of them is a violation."""
        if len(self.found) != 1:
            raise Violation("exactly one dataset", f"{len(self.found)} datasets")
        return self.found[0]

    @property
    def uids(self) -> list[str]:
        """The UID of each dataset at the level that was asked for, in the order of the response."""
        return [dataset.text(UID_OF_LEVEL[self.level]) for dataset in self.found]

    def texts(self, name: str) -> list[str]:
        """Return the first value of the attribute in each dataset, in the order of the response."""
        return [dataset.text(name) for dataset in self.found]


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """What an archive says about a store request."""

    response: Response
    dataset: JsonDataset | None  # None if the answer carries no DICOM JSON object

    @classmethod
    def of(cls, response: Response) -> "StoreAnswer":
        """Read the answer, even if it hides its type; nothing about it is judged yet."""
        is_json = response.content_type.is_json or response.body.lstrip()[:1] in {b"{", b"["}
        datasets = dicom_json.read(response.body).datasets if is_json else ()
        return cls(response, datasets[0] if datasets else None)

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status

    @property
    def stored(self) -> list[str]:
        """The SOP Instance UIDs of the Referenced SOP Sequence."""
        items = self.dataset.items("ReferencedSOPSequence") if self.dataset else []
        return [item.text("ReferencedSOPInstanceUID") for item in items]

    @property
    def failed(self) -> Mapping[str, int | None]:
        """The Failure Reason by SOP Instance UID of the Failed SOP Sequence."""
        items = self.dataset.items("FailedSOPSequence") if self.dataset else []
        return {item.text("ReferencedSOPInstanceUID"): item.value("FailureReason") for item in items}


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One Part 10 file of a retrieve response."""

    part: Part
    dataset: Dataset = field(repr=False)

    @classmethod
    def of(cls, part: Part) -> "Retrieved":
        """Parse the part; what is not a Part 10 file is a violation."""
        if part.body[128:132] != b"DICM":
            raise Violation("a Part 10 file: 128 bytes of preamble and DICM", repr(part.body[:20]))
        try:
            return cls(part, dcmread(io.BytesIO(part.body)))
        except Exception as error:  # pydicom raises many kinds for broken input
            raise Violation("a Part 10 file that parses", f"{type(error).__name__}: {error}") from error

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return str(self.dataset.get("SOPInstanceUID", ""))

    @property
    def transfer_syntax(self) -> str:
        """The transfer syntax of its File Meta Information."""
        return str(self.dataset.file_meta.get("TransferSyntaxUID", ""))
