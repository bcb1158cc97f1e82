"""Which documents a search finds, by brute force over DICOM JSON, as PS3.4 C.2.2.2 and the documentation say.

It shares no code with the archive: texts match by regular expressions, times as numbers of microseconds,
moments as datetimes, names word by word.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Document = Mapping[str, Any]
GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
COLUMN_NAMES = ("00100010", "00080090")  # an ASCII key is compared with their alphabetic group alone
UNIVERSAL = ("", "*")  # such a key restricts nothing, wherever it stands
HOUR, MINUTE, SECOND = 3_600_000_000, 60_000_000, 1_000_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a search: tags of its path, its VR, and the text."""

    path: tuple[str, ...]
    vr: str
    text: str


@dataclass(frozen=True, slots=True)
class Flags:
    """The parameters that change how keys match."""

    fuzzy: bool = False
    empty: bool = False
    multiple: bool = False


def like(pattern: str, text: str) -> bool:
    """Tell whether a text matches a pattern with asterisks and question marks."""
    regex = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch(regex, text, re.DOTALL) is not None


def values_of(document: Document, tag: str) -> list[Any]:
    """Return the values of an attribute that are there."""
    return [value for value in document.get(tag, {}).get("Value", []) if value not in (None, "")]


def matches(document: Document, keys: list[Key], flags: Flags) -> bool:
    """Tell whether a document matches all keys; those of one sequence within one item."""
    keys = [key for key in keys if key.text not in UNIVERSAL]
    own = [key for key in keys if len(key.path) == 1]
    pairs = dict(_pairs(own))
    paired = {*pairs, *pairs.values()}
    if not all(_interval(document, dates, times) for dates, times in pairs.items()):
        return False
    if not all(_attribute(document, key, flags) for key in own if key not in paired):
        return False
    for tag in {key.path[0] for key in keys if len(key.path) > 1}:
        inner = [key for key in keys if len(key.path) > 1 and key.path[0] == tag]
        below = [Key(key.path[1:], key.vr, key.text) for key in inner]
        if not any(matches(item, below, flags) for item in values_of(document, tag)):
            return False
    return True


PAIRS = {"00080020": "00080030", "00080021": "00080031", "00400244": "00400245"}


def _pairs(keys: list[Key]) -> Iterator[tuple[Key, Key]]:
    for dates in keys:
        for times in keys:
            if PAIRS.get(dates.path[0]) == times.path[0] and "-" in dates.text and "-" in times.text:
                forms = [(text[0] == "-", text[-1] == "-") for text in (dates.text, times.text)]
                if forms[0] == forms[1]:
                    yield dates, times


def _attribute(document: Document, key: Key, flags: Flags) -> bool:
    tag, text = key.path[0], key.text
    found = values_of(document, tag)
    if flags.empty and text == '""':
        return not found
    if flags.multiple and key.vr in ("CS", "LO") and "," in text and tag in ("00101000", "00080008"):
        return all(part in found for part in text.split(","))
    if key.vr == "PN":
        return any(_name(value, tag, text, fuzzy=flags.fuzzy) for value in found)
    zone = str(next(iter(values_of(document, "00080201")), "+0000"))
    return any(_value(value, key.vr, text, zone) for value in found)


def _value(value: Any, vr: str, text: str, zone: str) -> bool:
    """Tell whether one value matches a text."""
    if vr == "UI":
        return value in re.split(r"[,\\]+", text)
    if vr in ("IS", "US", "DS"):
        return re.fullmatch(r"[0-9.]+", text) is not None and float(value) == float(text)
    if vr == "DA":
        low, high = _ends(text)
        return (not low or value >= low) and (not high or value <= high)
    if vr == "TM":
        low, high = _ends(text)
        at = time_of(value)[0]
        return (not low or at >= time_of(low)[0]) and (not high or at < time_of(high)[1])
    if vr == "DT":
        return _moment(value, zone, text)
    return like(text, value) if vr in ("LO", "SH", "CS") else bool(value == text)


def _ends(text: str) -> tuple[str, str]:
    low, dash, high = text.partition("-")
    return low, high if dash else low


def time_of(text: str) -> tuple[int, int]:
    """Return where a time begins and ends, in microseconds."""
    whole, _, fraction = text.partition(".")
    parts = [int(whole[at : at + 2]) for at in range(0, len(whole), 2)]
    begin = sum(part * unit for part, unit in zip(parts, (HOUR, MINUTE, SECOND), strict=False))
    if fraction:
        step = 10 ** (6 - len(fraction))
        return begin + int(fraction) * step, begin + (int(fraction) + 1) * step
    return begin, begin + (HOUR, MINUTE, SECOND)[len(parts) - 1]


def _interval(document: Document, dates: Key, times: Key) -> bool:
    """Tell whether a date and a time lie in one interval; without a time it is midnight."""
    date = next(iter(values_of(document, dates.path[0])), None)
    if date is None:
        return False
    time = next(iter(values_of(document, times.path[0])), "00")
    at = day_of(date) * DAY + time_of(time)[0]
    (first, last), (begin, end) = _ends(dates.text), _ends(times.text)
    after = not first or at >= day_of(first) * DAY + time_of(begin)[0]
    return after and (not last or at < day_of(last) * DAY + time_of(end)[1])


def day_of(date: str) -> int:
    """Return the number of a day."""
    return datetime(int(date[:4]), int(date[4:6]), int(date[6:8]), tzinfo=UTC).toordinal()


MOMENT = re.compile(r"(\d{8})(\d{2})?([+-]\d{4})?")


def _moment(value: str, zone: str, text: str) -> bool:
    """Tell whether a moment of a day or an hour lies in a range; keys have UTC where they have no zone."""
    at = span(value, zone)[0]
    whole = re.fullmatch(rf"({MOMENT.pattern})?(-({MOMENT.pattern})?)?", text)
    assert whole is not None
    low, is_range, high = whole[1], whole[5], whole[6]
    high = high if is_range else low
    return (not low or at >= span(low, "+0000")[0]) and (not high or at < span(high, "+0000")[1])


def span(text: str, zone: str) -> tuple[datetime, datetime]:
    """Return where a moment begins and ends."""
    match = MOMENT.fullmatch(text)
    assert match is not None
    own = match[3] or zone
    east = timedelta(hours=int(own[1:3]), minutes=int(own[3:])) * (1 if own[0] == "+" else -1)
    begin = datetime.strptime(match[1] + (match[2] or "00"), "%Y%m%d%H").replace(tzinfo=UTC) - east
    return begin, begin + (timedelta(hours=1) if match[2] else timedelta(days=1))


def _name(value: Mapping[str, str], tag: str, text: str, *, fuzzy: bool) -> bool:
    """Tell whether a person name matches a text."""
    if "=" in text:
        given = [pair for pair in zip(GROUPS, text.split("="), strict=False) if pair[1]]
        literal = all(_group(value.get(group), part) for group, part in given)
    elif tag in COLUMN_NAMES and text.isascii():
        literal = _group(value.get("Alphabetic"), text)
    else:
        literal = any(_group(value.get(group), text) for group in GROUPS)
    if literal or not fuzzy:
        return literal
    words = words_in(text, r"[\w*?]+")
    there = [word for group in value.values() for word in words_in(group, r"\w+")]
    wanted = [word for word in words if word.strip("*")]
    return bool(wanted) and all(any(like(f"{word}*", each) for each in there) for word in wanted)


def _group(value: str | None, text: str) -> bool:
    return value is not None and like(text.casefold().rstrip("^"), value.casefold().rstrip("^"))


def words_in(text: str, word: str) -> list[str]:
    """Return the words of a name without case and without marks above or below letters."""
    plain = "".join(
        each for each in unicodedata.normalize("NFKD", text.casefold()) if not "\u0300" <= each <= "\u036f"
    )
    return re.findall(word, unicodedata.normalize("NFC", plain))


def modalities_match(modalities: set[str], text: str, flags: Flags, has: Callable[[str], bool]) -> bool:
    """Tell whether the modalities of a study's series match; `has` tells whether one of them matches."""
    if text in UNIVERSAL:
        return True
    if flags.empty and text == '""':
        return not modalities
    parts = text.split(",")
    return (
        all(part in modalities for part in parts)
        if flags.multiple and len(parts) > 1
        else any(map(has, parts))
    )
