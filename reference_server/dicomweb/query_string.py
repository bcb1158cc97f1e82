"""A query string is read as a search (PS3.18 8.3.4).

Reading is pure. What is no parameter or key of this archive is ignored with a warning, as is what cannot be
matched at the level; a supported parameter with an invalid value raises BadRequest.
"""

import re
from collections.abc import Iterable

from pydicom.datadict import dictionary_has_tag

from reference_server.dicomweb.attributes import (
    COMPUTED,
    MODALITIES_IN_STUDY,
    SPECIFIC_CHARACTER_SET,
    STANDARD,
    Catalogue,
    has_many,
    named_tag,
    vr_of,
)
from reference_server.dicomweb.private_tags import block_of, is_creator, is_private
from reference_server.dicomweb.search import Match, MatchType, PrivateField, Search
from reference_server.dicomweb.values import MULTIPLE_VRS, UNMATCHED_VRS, listed
from reference_server.errors import BadRequest
from reference_server.storage.moments import valid
from reference_server.storage.names import pattern_words
from reference_server.storage.records import Level

DEPTH = {Level.STUDY: 0, Level.SERIES: 1, Level.INSTANCE: 2}
FLAGS = ("fuzzymatching", "emptyvaluematching", "multiplevaluematching")
NUMBERS = ("limit", "offset")
TIMEZONE = "TimezoneOffsetFromUTC"
TIMEZONE_NAMES = (TIMEZONE, "00080201")
OF_NO_SEARCH = frozenset({*FLAGS, *NUMBERS, *TIMEZONE_NAMES, "accept", "charset"})
MAX_OFFSET = 2**62
MAX_KEYS = 64  # SQLite bounds the depth of an expression
MAX_DEPTH = 8
MAX_TEXT = 1024  # characters of a value; patterns are matched in time that grows with them
MAX_VALUES = 64  # of one key, and words of a name
MAX_WARNINGS = 16
EMPTY_VALUE = '""'
_TIMEZONE = re.compile(r"[+-](0\d|1[0-4])[0-5]\d", re.ASCII)
_UNIVERSAL = re.compile(r"\**")
_MULTIPLE = "Values of attributes with one value are not matched as several."


def tag_path(name: str) -> tuple[int, ...] | None:
    """Return the tags that a dotted path of keywords or 8 hexadecimal digits names, or None."""
    path = [named_tag(part) for part in name.split(".", MAX_DEPTH)]
    return None if None in path else tuple(tag for tag in path if tag is not None)


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise BadRequest(f"{name} must be a non-negative integer, not {text[:64]!r}")
    return min(int(text), MAX_OFFSET)


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise BadRequest(f"{name} must be true or false, not {text[:64]!r}")
    return text == "true"


def _offset(text: str) -> str:
    """Return a distance from UTC; a plus sign that was not percent-encoded has become a blank on the way."""
    offset = f"+{text[1:]}" if text.startswith(" ") else text
    if offset and not _TIMEZONE.fullmatch(offset):
        raise BadRequest(f"{TIMEZONE} must be like +0100, not {text[:64]!r}")
    return offset


def _pieces(vr: str, text: str) -> int:
    """Return how many comparisons a value may come to."""
    words = len(pattern_words(text)) if vr == "PN" else 0
    return max(words, len(listed(text)) if vr in MULTIPLE_VRS else 1)


class _Reader:
    """Collects the parts of a search; the settings among its parameters are known first."""

    def __init__(self, level: Level, parameters: list[tuple[str, str]], catalogue: Catalogue) -> None:
        self.level = level
        self.catalogue = catalogue
        self.numbers: dict[str, int] = {}
        self.offset = ""
        self.flags: set[str] = set()
        self.creators: dict[tuple[int, int], str] = {}
        self.matches: list[Match] = []
        self.include: set[int] = set()
        self.private: list[PrivateField] = []
        self.include_all = False
        self.warnings: list[str] = []
        for name, text in parameters:
            self._setting(name, text)

    def _setting(self, name: str, text: str) -> None:
        """Read a parameter that says how the others are read, or which block a creator has."""
        if name in FLAGS:
            (self.flags.add if _flag(name, text) else self.flags.discard)(name)
        elif name in TIMEZONE_NAMES:
            self.offset = _offset(text)
        elif name in NUMBERS:
            if name in self.numbers:
                raise BadRequest(f"{name} may be given once")
            self.numbers[name] = _number(name, text)
        else:
            tag = named_tag(name)
            if tag is not None and is_private(tag) and is_creator(tag):
                self.creators[block_of(tag)] = text

    def parameter(self, name: str, text: str) -> None:
        """Read a parameter that asks for something."""
        if name == "includefield":
            for field in filter(None, (each.strip() for each in text.split(","))):
                self._include(field)
        elif name not in OF_NO_SEARCH:
            self._key(name, text)

    def _include(self, field: str) -> None:
        path = tag_path(field)
        if field == "all":
            self.include_all = True
        elif path is None:
            self.warnings.append(f"includefield {field[:64]} is not an attribute and was ignored.")
        elif is_private(path[0]):
            self._include_private(path[0])
        else:
            self.include.add(path[0])

    def _include_private(self, tag: int) -> None:
        if self.level is Level.INSTANCE:
            creator = self.creators.get(block_of(tag), "")
            self.private.append(PrivateField(tag, creator))

    def _ignored(self, name: str, why: str) -> None:
        self.warnings.append(f"The key {name[:64]} {why} and was ignored.")

    def _key(self, name: str, text: str) -> None:
        """Read a matching key."""
        path = tag_path(name)
        if path is None:
            self.warnings.append(f"The parameter {name[:64]} is not known and was ignored.")
        elif is_private(path[0]):
            self._private_key(name, path, text)
        elif not all(dictionary_has_tag(tag) for tag in path):
            self._ignored(name, "is not supported")
        elif (why := self._unmatched(path, text)) is not None:
            self._ignored(name, why)
        else:
            self.include.add(path[0])
            if not _UNIVERSAL.fullmatch(text):
                self.matches.append(self._match(name, path, text))

    def _unmatched(self, path: tuple[int, ...], text: str) -> str | None:
        """Return why a key cannot be matched at this level, or None."""
        if path[0] in COMPUTED or path[-1] == SPECIFIC_CHARACTER_SET:
            return "is not matched"
        if path[0] != MODALITIES_IN_STUDY and DEPTH[self.catalogue.level_of(path[0])] > DEPTH[self.level]:
            return "is not an attribute of this level"
        if any(vr_of(tag) != "SQ" for tag in path[:-1]):
            return "leads through what is no sequence"
        is_empty = text == EMPTY_VALUE and "emptyvaluematching" in self.flags
        if vr_of(path[-1]) in UNMATCHED_VRS and text and not is_empty:
            return "has no value that can be matched"
        return None

    def _match(self, name: str, path: tuple[int, ...], text: str) -> Match:
        """Return a key with its value; a date or time that cannot be one raises BadRequest."""
        vr = vr_of(path[-1])
        if text == EMPTY_VALUE and "emptyvaluematching" in self.flags:
            return Match(path, vr, "", MatchType.EMPTY)
        if vr in ("DA", "TM", "DT"):
            if not valid(vr, text):
                raise BadRequest(f"{name}={text[:64]!r} is neither a value nor a range")
            if vr != "DT" and self.offset:
                self.warnings.append(f"{TIMEZONE} is not applied to dates and times, only to moments.")
            return Match(path, vr, text, offset=self.offset)
        if vr != "UI" and (len(text) > MAX_TEXT or _pieces(vr, text) > MAX_VALUES):
            raise BadRequest(f"the value of {name[:64]} is too long")
        if vr in MULTIPLE_VRS and "multiplevaluematching" in self.flags and len(listed(text)) > 1:
            if has_many(path[-1]):
                return Match(path, vr, text, MatchType.EACH)
            self.warnings.append(_MULTIPLE)
        if vr == "PN" and "fuzzymatching" in self.flags:
            return Match(path, vr, text, MatchType.FUZZY)
        return Match(path, vr, text)

    def _private_key(self, name: str, path: tuple[int, ...], text: str) -> None:
        """Read a private key; its creator, which has a key of its own, says what its block means."""
        tag = path[0]
        creator = text if is_creator(tag) else self.creators.get(block_of(tag), "")
        if self.level is not Level.INSTANCE:
            self._ignored(name, "is not an attribute of this level")
        elif len(path) > 1:
            self._ignored(name, "is not supported")
        elif not creator:
            self._ignored(name, "has no creator beside it")
        else:
            self.private.append(PrivateField(tag, creator))
            if len(text) > MAX_TEXT:
                raise BadRequest(f"the value of {name[:64]} is too long")
            if not _UNIVERSAL.fullmatch(text):
                self.matches.append(Match((tag,), "UN", text, creator=creator))


def parse_search(
    level: Level,
    parameters: Iterable[tuple[str, str]],
    study_uid: str | None = None,
    series_uid: str | None = None,
    catalogue: Catalogue = STANDARD,
) -> Search:
    """Return the search that the decoded parameters ask for; raises BadRequest."""
    given = list(parameters)
    reader = _Reader(level, given, catalogue)
    for name, text in given:
        reader.parameter(name, text)
    if len(reader.matches) > MAX_KEYS:
        raise BadRequest(f"a search may have {MAX_KEYS} keys")
    return Search(
        level=level,
        study_uid=study_uid,
        series_uid=series_uid,
        matches=tuple(reader.matches),
        include=frozenset(reader.include),
        private=tuple(dict.fromkeys(reader.private)),
        include_all=reader.include_all,
        limit=reader.numbers.get("limit"),
        offset=reader.numbers.get("offset", 0),
        warnings=tuple(dict.fromkeys(reader.warnings))[:MAX_WARNINGS],
    )
