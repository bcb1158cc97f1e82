"""A resource that an archive does not have at all is one deviation: of the requirement that demands it.

Many checks read metadata or frames in order to judge something else: a weight in the Accept header, the
framing of parts, the form of a value. Where the archive answers 404 even for what it stored a moment ago,
these checks can say nothing, and forty failures would hide the one that has to be mended.
"""

import re
import threading
from dataclasses import dataclass

from scenarios.conformance.archive import Archive
from scenarios.conformance.evidence import Evidence
from scenarios.conformance.findings import Finding
from scenarios.conformance.fixtures import F
from scenarios.conformance.media_type import DICOM_JSON, OCTETS
from scenarios.conformance.media_type import multipart as multipart_of
from scenarios.conformance.stockroom import Stockroom

ABSENT = re.compile("404|501")


@dataclass(frozen=True, slots=True)
class Resource:
    """What archives have to offer for every image, and how it is asked for."""

    name: str
    family: str  # of the checks that demand it
    requirement: str
    path: str  # below an instance
    accept: str
    requests: re.Pattern[str]  # request lines that mean it


RESOURCES = (
    Resource("metadata", "meta", "META-001", "/metadata", DICOM_JSON, re.compile(r"/metadata[? ]")),
    Resource("frames", "frm", "FRM-001", "/frames/1", multipart_of(OCTETS), re.compile(r"/frames/[^/]+ ")),
)


class Absences:
    """Which resources the archive of a run lacks; each is asked for once, when a check has missed it."""

    def __init__(self, archive: Archive, stockroom: Stockroom) -> None:
        """Ask through this archive for an image of F-BASE; nothing is sent yet."""
        self._archive = archive
        self._stockroom = stockroom
        self._lock = threading.Lock()
        self._lacks: dict[str, bool] = {}

    def behind(self, name: str, last: Evidence) -> str:
        """Return which resource the check of this name missed in its last exchange, in words, or nothing."""
        if not ABSENT.match(last.status_line):
            return ""
        for resource in RESOURCES:
            own = name.startswith(f"{resource.family}/")
            if not own and resource.requests.search(last.request_line) and self._lacking(resource):
                return f"the archive has no {resource.name} ({resource.requirement}): {last.status_line}"
        return ""

    def _lacking(self, resource: Resource) -> bool:
        with self._lock:
            if resource.name not in self._lacks:
                self._lacks[resource.name] = self._asked(resource)
            return self._lacks[resource.name]

    def _asked(self, resource: Resource) -> bool:
        """Tell whether an image that was stored is without this resource; if in doubt, it has it."""
        try:
            path = self._stockroom.get(F.BASE).first.path
            response = self._archive.get(f"{path}{resource.path}", accept=resource.accept)
        except Finding:
            return False
        return ABSENT.match(str(response.status)) is not None
