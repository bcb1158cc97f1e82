"""The fourteen operations of the benchmark, as requests that any DICOMweb archive understands.

A request is a value: it names no host and bears no credentials, so that every arm is sent the same one.
Clauses of PS3.18 stand beside the operations.
"""

from dataclasses import dataclass
from enum import StrEnum


class Operation(StrEnum):
    """What is measured; the value is the name in samples, tables and figures."""

    STOW_INSTANCE = "stow-instance"  # 10.5, one instance into a new study
    STOW_BATCH = "stow-batch"  # 10.5, several instances of a new study in one request
    QIDO_STUDIES_PAGE = "qido-studies-page"  # 10.6, no key, limit and offset
    QIDO_STUDIES_PATIENT_ID = "qido-studies-patient-id"
    QIDO_STUDIES_UID = "qido-studies-uid"
    QIDO_STUDIES_NAME_WILDCARD = "qido-studies-name-wildcard"
    QIDO_STUDIES_DATE_RANGE = "qido-studies-date-range"
    QIDO_SERIES = "qido-series"
    QIDO_INSTANCES = "qido-instances"
    WADO_STUDY = "wado-study"  # 10.4
    WADO_SERIES = "wado-series"
    WADO_INSTANCE = "wado-instance"
    WADO_METADATA = "wado-metadata"  # of a series
    WADO_FRAME = "wado-frame"  # the first frame of an instance


WRITES = (Operation.STOW_INSTANCE, Operation.STOW_BATCH)
READS = tuple(operation for operation in Operation if operation not in WRITES)

DICOM_JSON = "application/dicom+json"
# `*` asks for the stored transfer syntax (8.7.3.5.2), so that no arm spends time on transcoding.
DICOM_PARTS = 'multipart/related; type="application/dicom"; transfer-syntax=*'
FRAME_PARTS = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
BOUNDARY = "dicomweb-phantom-part"
STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its path and query below the base URL, and its body (empty for GET)."""

    operation: str  # an Operation, or the name of another one
    path: str
    accept: str
    body: bytes = b""

    @property
    def method(self) -> str:
        """The HTTP method: a request with a body is a STOW."""
        return "POST" if self.body else "GET"

    def wire(self, base_path: str, host: str, headers: dict[str, str]) -> bytes:
        """Return the request as HTTP/1.1 bytes, built before any clock is read."""
        lines = {
            "Host": host,
            "Accept": self.accept,
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
            "User-Agent": "dicomweb-phantom",
            **headers,
        }
        if self.body:
            lines["Content-Type"] = STOW_TYPE
            lines["Content-Length"] = str(len(self.body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{self.method} {base_path}{self.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + self.body


def stow(operation: str, instances: list[bytes]) -> Request:
    """Return a STOW of these instances."""
    opening = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    parts = b"\r\n".join(opening + instance for instance in instances)
    return Request(operation, "/studies", DICOM_JSON, parts + f"\r\n--{BOUNDARY}--\r\n".encode())
