"""Dates, times and moments as keys: which texts are values or ranges, and what they cover (PS3.4 C.2.2.2.5).

Dates and times are compared as they are stored, each at the precision at which it is given: 10 covers the
hour from 100000 on, and a stored 10 is ten o'clock sharp. Moments are compared in UTC; one without an offset
has that of the instance, or of the request, and else none.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from reference_server.storage.predicate import Predicate, every

AFTER_ANY_DIGIT = "~"  # sorts behind every character of a date or time, so a prefix covers what it begins
_DATE = r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3])(:?[0-5]\d(:?([0-5]\d|60)(\.\d{1,6})?)?)?"
_CLOCK = r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?"
_MOMENT = rf"\d{{4}}((0[1-9]|1[0-2])((0[1-9]|[12]\d|3[01])({_CLOCK})?)?)?([+-]\d{{4}})?"
_RANGES = {
    vr: re.compile(rf"(?P<low>{value})?(?P<range>-(?P<high>{value})?)?", re.ASCII)
    for vr, value in {"DA": _DATE, "TM": _TIME, "DT": _MOMENT}.items()
}
_OFFSET = re.compile(r"([+-])(\d\d)([0-5]\d)\Z", re.ASCII)
_PARTS = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.(\d{1,6}))?\Z", re.ASCII)
_SHARP = re.compile(r"(00)+\Z")
_YEAR, _MONTH, _SECOND = 1, 2, 6  # the number of parts that are given
_STEP = {3: timedelta(days=1), 4: timedelta(hours=1), 5: timedelta(minutes=1), 6: timedelta(seconds=1)}
_LEAP_SECOND = 60


def is_range(text: str) -> bool:
    """Tell whether a valid date or time key is a range rather than one value."""
    return "-" in text


def valid(vr: str, text: str) -> bool:
    """Tell whether a text is a value or a range of values of a date, time or moment."""
    if text in ("", "-") or _RANGES[vr].fullmatch(text) is None:
        return False
    return vr != "DT" or all(_moment(end, None) is not None for end in bounds(vr, text) if end)


def bounds(vr: str, text: str) -> tuple[str, str]:
    """Return the two ends of a valid range; an open end is empty, one value is both ends."""
    match = _RANGES[vr].fullmatch(text)
    assert match is not None
    low, high = match["low"] or "", match["high"] or ""
    return low.replace(":", ""), (high if match["range"] else low).replace(":", "")


def _sharp(time: str) -> str:
    """Return the shortest form of a time: what is stored as 10 or 1000 is not before 100000."""
    return _SHARP.sub("", time.rstrip("0").rstrip(".") if "." in time else time)


def range_predicate(column: str, vr: str, text: str) -> Predicate:
    """Return the predicate that a date or time column lies in a range or is a value at its precision."""
    low, high = bounds(vr, text)
    found = []
    if low:
        found.append(Predicate(f"{column} >= ?", (_sharp(low) if vr == "TM" else low,)))
    if high:
        found.append(Predicate(f"{column} <= ?", (high + AFTER_ANY_DIGIT,)))
    return every(*found, Predicate(f"{column} <> ''"))


def interval_predicate(columns: tuple[str, str], dates: str, times: str) -> Predicate:
    """Return the predicate that a date and a time column lie in one interval (PS3.4 C.2.2.2.5.4)."""
    moment = f"{columns[0]} || coalesce({columns[1]}, '')"
    first, last = bounds("DA", dates)
    begin, end = bounds("TM", times)
    found = [range_predicate(columns[0], "DA", dates)]
    if first:
        found.append(Predicate(f"{moment} >= ?", (first + _sharp(begin),)))
    if last:
        found.append(Predicate(f"{moment} <= ?", (last + end + AFTER_ANY_DIGIT,)))
    return every(*found)


def same_form(dates: str, times: str) -> bool:
    """Tell whether two ranges are closed, or open on the same side: only such ones are one interval."""
    if not (is_range(dates) and is_range(times)):
        return False
    return [bool(each) for each in bounds("DA", dates)] == [bool(each) for each in bounds("TM", times)]


def moment_predicate(column: str, offset: str, text: str, asked_offset: str) -> Predicate:
    """Return the predicate that a moment lies in a range; `offset` is the SQL of the instance's own."""
    low, high = bounds("DT", text)
    moment = f"utc_moment({column}, {offset})"
    found = []
    if low:
        found.append(Predicate(f"{moment} >= ?", (utc_moment(low, asked_offset),)))
    if high:
        found.append(Predicate(f"{moment} < ?", (_end(high, asked_offset),)))
    return every(*found)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment as it is written, its precision in parts and digits, and its distance from UTC."""

    begin: datetime
    parts: int
    digits: int
    east: timedelta

    def end(self) -> datetime:
        """Return the beginning of what follows at this precision; after the last year, OverflowError."""
        if self.digits:
            return self.begin + timedelta(microseconds=10 ** (_SECOND - self.digits))
        if self.parts == _YEAR:
            return self.begin.replace(year=self.begin.year + 1)
        if self.parts == _MONTH:
            return (self.begin + timedelta(days=31)).replace(day=1)
        return self.begin + _STEP[self.parts]


def utc_moment(text: str | None, offset: str | None) -> str | None:
    """Return where a moment begins, in UTC and to the microsecond; of what is none, none."""
    moment = _moment(str(text or ""), offset)
    try:
        return None if moment is None else _text(moment.begin - moment.east)
    except OverflowError:
        return None


def _end(text: str, offset: str) -> str:
    """Return the beginning of what follows a moment; of what ends with the last year, what sorts last."""
    moment = _moment(text, offset)
    try:
        return AFTER_ANY_DIGIT if moment is None else _text(moment.end() - moment.east)
    except (OverflowError, ValueError):
        return AFTER_ANY_DIGIT


def _text(moment: datetime) -> str:
    return f"{moment.year:04}{moment:%m%d%H%M%S%f}"


def _moment(text: str, offset: str | None) -> _Moment | None:
    """Return what a text says, or None; without an offset of its own it has the given one, or that of UTC."""
    own = _OFFSET.search(text)
    match = _PARTS.match(text[: own.start()] if own else text)
    if match is None:
        return None
    parts = [int(part) for part in match.groups()[:_SECOND] if part is not None]
    year, month, day, hour, minute, second = (*parts, *(1, 1, 1, 0, 0, 0)[len(parts) :])
    fraction = match[7] or ""
    shift = own or _OFFSET.match(offset or "")
    east = timedelta()
    if shift:
        east = timedelta(hours=int(shift[2]), minutes=int(shift[3])) * (1 if shift[1] == "+" else -1)
    second = min(second, _LEAP_SECOND - 1)  # a leap second counts as the one before it
    try:
        begin = datetime(year, month, day, hour, minute, second, int(fraction.ljust(6, "0")))  # noqa: DTZ001  in its own zone
    except ValueError:
        return None
    return _Moment(begin, len(parts), len(fraction), east)
