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


def value(tag: bytes, file: bytes) -> str:
    """Return the first value of an element of Explicit VR Little Endian in a file, or an empty text."""
    match = re.search(tag, file)
    if match is None:
        return ""
    length = int.from_bytes(file[match.end() : match.end() + 2], "little")
    return file[match.end() + 2 : match.end() + 2 + length].decode("latin-1").rstrip("\0 ")


def note(request: Request) -> None:
    """Remember what a store holds, if this is one; a file may lack any of the elements."""
    if request.method != "POST":
        return
    for file in request.body.split(b"\0DICM")[1:]:
        study, series, patient, name = (value(tag, file) for tag in (STUDY, SERIES, PATIENT_ID, PATIENT_NAME))
        entry = Entry(study, name, request.header("Authorization") or "")
        for key in filter(None, (study, series, patient)):
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
