"""Who stored what, learned from the requests that pass: a fault in access control opens doors with it.

A leak is made by forwarding another caller's request with the credentials of the one who stored first; the
archive then answers as if its access control had a hole at that place.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from scenarios.conformance.message import Request
from tests.faults.edits import with_header

STUDY, SERIES = rb"\x20\x00\x0d\x00UI", rb"\x20\x00\x0e\x00UI"
PATIENT_ID, PATIENT_NAME = rb"\x10\x00\x20\x00LO", rb"\x10\x00\x10\x00PN"


@dataclass(frozen=True, slots=True)
class Entry:
    """The study that an identifier belongs to, the name in it, and the credentials that first stored it."""

    study_uid: str
    patient_name: str
    authorization: str


ENTRIES: dict[str, Entry] = {}  # by Study and Series Instance UID and by Patient ID


def values(tag: bytes, body: bytes) -> list[str]:
    """Return the values of an element of Explicit VR Little Endian in all parts of a payload."""
    found = []
    for match in re.finditer(tag, body):
        length = int.from_bytes(body[match.end() : match.end() + 2], "little")
        found.append(body[match.end() + 2 : match.end() + 2 + length].decode().rstrip("\0 "))
    return found


def note(request: Request) -> None:
    """Remember what a store holds, if this is one."""
    if request.method != "POST" or b"\0DICM" not in request.body:
        return
    columns = [values(tag, request.body) for tag in (STUDY, SERIES, PATIENT_ID, PATIENT_NAME)]
    for study, series, patient, name in zip(*columns, strict=True):
        entry = Entry(study, name, request.header("Authorization") or "")
        for key in (study, series, patient):
            ENTRIES.setdefault(key, entry)


def entry_of(request: Request) -> Entry | None:
    """Return what is known of the first identifier that the target or the body of the request names."""
    text = unquote(request.target)
    text += request.body.decode("latin-1") if b"\0DICM" in request.body or b"{" in request.body[:1] else ""
    return next((entry for key, entry in list(ENTRIES.items()) if key in text), None)


def as_owner(request: Request) -> Request:
    """Return the request as the owner of what it names would send it."""
    entry = entry_of(request)
    return with_header(request, "Authorization", entry.authorization) if entry else request


def is_foreign(request: Request) -> bool:
    """Tell whether the request names something that the caller did not store."""
    entry = entry_of(request)
    return entry is not None and entry.authorization != (request.header("Authorization") or "")
