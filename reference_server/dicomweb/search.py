"""A search as a value: what a QIDO-RS query string asks for (PS3.18 8.3.4, 10.6.1).

Parsing is pure. A parameter that is not an attribute is ignored, an attribute that cannot be matched is
ignored with a warning, and a supported parameter with an invalid value raises BadRequest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.datadict import dictionary_has_tag, tag_for_keyword

from reference_server.dicomweb.attributes import MODALITIES_IN_STUDY, level_of, vr_of
from reference_server.errors import BadRequest
from reference_server.storage.records import Level

DEPTH = {Level.STUDY: 0, Level.SERIES: 1, Level.INSTANCE: 2}
RESERVED = frozenset({"limit", "offset", "includefield", "fuzzymatching", "accept", "charset"})
OPTIONAL_FLAGS = ("emptyvaluematching", "multiplevaluematching")
MAX_OFFSET = 2**62
_HEX_TAG = re.compile(r"[0-9A-Fa-f]{8}\Z")
_DATE = r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3])(:?[0-5]\d(:?([0-5]\d|60)(\.\d{1,6})?)?)?"
_DATE_RANGE = re.compile(rf"({_DATE})?(-({_DATE})?)?\Z")
_TIME_RANGE = re.compile(rf"({_TIME})?(-({_TIME})?)?\Z")


@dataclass(frozen=True, slots=True)
class Match:
    """One key: the path of tags down to the attribute, its VR, and the text to match its value with."""

    path: tuple[int, ...]
    vr: str
    text: str


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of one resource; `limit` None means as many as the archive allows."""

    level: Level
    study_uid: str | None = None
    series_uid: str | None = None
    matches: tuple[Match, ...] = ()
    include: frozenset[int] = frozenset()
    include_all: bool = False
    limit: int | None = None
    offset: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def levels_of_path(self) -> frozenset[Level]:
        """The levels above that the path names; a result need not repeat their attributes."""
        named = {Level.STUDY: self.study_uid, Level.SERIES: self.series_uid}
        return frozenset(level for level, uid in named.items() if uid is not None)


def tag_path(name: str) -> tuple[int, ...] | None:
    """Return the tags that a dotted path of keywords or 8 hexadecimal digits names, or None."""
    path = []
    for part in name.split("."):
        tag = int(part, 16) if _HEX_TAG.match(part) else tag_for_keyword(part)
        if tag is None:
            return None
        path.append(tag)
    return tuple(path)


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise BadRequest(f"{name} must be a non-negative integer, not {text!r}")
    return min(int(text), MAX_OFFSET)


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise BadRequest(f"{name} must be true or false, not {text!r}")
    return text == "true"


def _check_value(name: str, vr: str, text: str) -> None:
    """Refuse a date or time that cannot be one."""
    pattern = {"DA": _DATE_RANGE, "TM": _TIME_RANGE}.get(vr)
    if text and pattern is not None and (text == "-" or not pattern.match(text)):
        raise BadRequest(f"{name}={text!r} is neither a value nor a range")


class _Reader:
    """Collects the parts of a search while the parameters are read one by one."""

    def __init__(self, level: Level) -> None:
        self.level = level
        self.matches: list[Match] = []
        self.include: set[int] = set()
        self.include_all = False
        self.numbers: dict[str, int] = {}
        self.warnings: list[str] = []

    def reserved(self, name: str, text: str) -> None:
        """Read a parameter that the standard defines."""
        if name in ("limit", "offset"):
            if name in self.numbers:
                raise BadRequest(f"{name} may be given once")
            self.numbers[name] = _number(name, text)
        elif name == "fuzzymatching":
            if _flag(name, text):
                self.warnings.append(
                    "The fuzzymatching parameter is not supported. Only literal matching has been performed."
                )
        elif name == "includefield":
            for field in filter(None, (each.strip() for each in text.split(","))):
                self._include(field)

    def _include(self, field: str) -> None:
        path = tag_path(field)
        if field == "all":
            self.include_all = True
        elif path is None:
            self.warnings.append(f"includefield {field[:64]} is not an attribute and was ignored.")
        else:
            self.include.add(path[0])

    def attribute(self, name: str, text: str) -> None:
        """Read a matching key."""
        path = tag_path(name)
        if path is None:
            return  # not an attribute at all: as if it were absent (PS3.18 8.3)
        if not all(dictionary_has_tag(tag) for tag in path):
            self.warnings.append(f"The key {name[:64]} is not supported and was ignored.")
            return
        vr = vr_of(path[-1])
        _check_value(name, vr, text)
        below = DEPTH[level_of(path[0])] > DEPTH[self.level] and path[0] != MODALITIES_IN_STUDY
        if below:
            self.warnings.append(f"The key {name[:64]} is not an attribute of this level and was ignored.")
            return
        self.include.add(path[0])
        if text not in ("", "*"):
            self.matches.append(Match(path, vr, text))


def parse_search(
    level: Level,
    parameters: Iterable[tuple[str, str]],
    study_uid: str | None = None,
    series_uid: str | None = None,
) -> Search:
    """Return the search that the decoded parameters ask for; raises BadRequest."""
    reader = _Reader(level)
    for name, text in parameters:
        if name in RESERVED:
            reader.reserved(name, text)
        elif name in OPTIONAL_FLAGS:
            if _flag(name, text):
                reader.warnings.append(f"The {name} parameter is not supported.")
        else:
            reader.attribute(name, text)
    return Search(
        level,
        study_uid,
        series_uid,
        tuple(reader.matches),
        frozenset(reader.include),
        reader.include_all,
        reader.numbers.get("limit"),
        reader.numbers.get("offset", 0),
        tuple(dict.fromkeys(reader.warnings)),
    )
