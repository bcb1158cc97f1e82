# ruff: noqa: S608  columns and paths are constants or hexadecimal tags, values are bound
"""A key and its value become a predicate over the index (PS3.4 C.2.2.2; PS3.18 8.3.4.1).

Names match without regard to case, all else by its exact letters; `*` and `?` are wildcards for text, SQL's
own wildcards are ordinary characters. Dates and times match by range, UIDs by list. Keys with a column of
their own use it; every other attribute is matched in the DICOM JSON of its level.
"""

import re
from collections.abc import Sequence

import orjson

from reference_server.accounting.policy import Access
from reference_server.dicomweb.attributes import MODALITIES_IN_STUDY, level_of, level_tags, tags
from reference_server.dicomweb.search import Match, Search
from reference_server.storage.names import fold_name
from reference_server.storage.predicate import Predicate, every
from reference_server.storage.records import Level

_COLUMNS = {
    "study.patient_id": "PatientID",
    "study.patient_name": "PatientName",
    "study.patient_birth_date": "PatientBirthDate",
    "study.study_date": "StudyDate",
    "study.study_time": "StudyTime",
    "study.accession_number": "AccessionNumber",
    "study.referring_physician": "ReferringPhysicianName",
    "study.study_id": "StudyID",
    "study.study_description": "StudyDescription",
    "study.study_uid": "StudyInstanceUID",
    "series.series_uid": "SeriesInstanceUID",
    "series.modality": "Modality",
    "series.series_number": "SeriesNumber",
    "instance.sop_instance_uid": "SOPInstanceUID",
    "instance.sop_class_uid": "SOPClassUID",
    "instance.instance_number": "InstanceNumber",
}
STUDY_DATE, STUDY_TIME = tags("StudyDate"), tags("StudyTime")  # as paths of a key
COLUMN_OF: dict[int, str] = {tags(keyword)[0]: column for column, keyword in _COLUMNS.items()}
JSON_OF = {
    Level.STUDY: "study.attributes",
    Level.SERIES: "series.attributes",
    Level.INSTANCE: "CAST(metadata.json AS TEXT)",
}

NO_WILDCARD_VRS = frozenset(
    {"UI", "DA", "TM", "DT", "IS", "DS", "US", "UL", "SS", "SL", "FL", "FD", "SV", "UV", "AS", "AT"}
)
NUMBER_VRS = frozenset({"IS", "DS", "US", "UL", "SS", "SL", "FL", "FD", "SV", "UV"})
AFTER_ANY_DIGIT = "~"  # sorts behind every character of a date or time, so a prefix covers what it begins
LAST_CHARACTER = "\U0010ffff"  # sorts behind every character of a value


def _wildcard(column: str, text: str) -> Predicate:
    """Return the predicate of a value with wildcards; brackets are literal.

    The range of its literal beginning, which an index serves, is spelled out, and the pattern is hidden in an
    expression: SQLite derives such a range itself, but then prepares the statement anew for every pattern.
    """
    pattern = Predicate(f"{column} GLOB ('' || ?)", (text.replace("[", "[[]"),))
    prefix = re.split(r"[*?]", text, maxsplit=1)[0]
    if not prefix:
        return pattern
    low = Predicate(f"{column} >= ?", (prefix,))
    return every(low, Predicate(f"{column} < ?", (prefix + LAST_CHARACTER,)), pattern)


def _range(column: str, text: str) -> Predicate:
    """Return the predicate of a date or time range, or of a single value at its precision."""
    text = text.replace(":", "")
    low, dash, high = text.partition("-")
    if not dash:
        high = low
    bounds = []
    if low:
        bounds.append(Predicate(f"{column} >= ?", (low,)))
    if high:
        bounds.append(Predicate(f"{column} <= ?", (high + AFTER_ANY_DIGIT,)))
    return every(*bounds, Predicate(f"{column} <> ''"))


def _number(column: str, text: str) -> Predicate:
    try:
        number = float(text)
    except ValueError:
        return Predicate("0")
    return Predicate(f"CAST({column} AS REAL) = ?", (number,))


def value_predicate(column: str, vr: str, text: str) -> Predicate:
    """Return the predicate that a column with values of that VR matches the text."""
    if vr == "UI":
        uids = [uid for uid in re.split(r"[,\\]+", text) if uid]
        return Predicate(f"{column} IN (SELECT value FROM json_each(?))", (orjson.dumps(uids).decode(),))
    if vr in ("DA", "TM", "DT"):
        return _range(column, text)
    if vr in NUMBER_VRS:
        return _number(column, text)
    if vr == "PN":
        text = fold_name(text) or ""
    if vr not in NO_WILDCARD_VRS and ("*" in text or "?" in text):
        return _wildcard(column, text)
    return Predicate(f"{column} = ?", (text.strip(" ") if vr != "PN" else text,))


def _json_predicate(document: str, path: tuple[int, ...], vr: str, text: str, depth: int = 0) -> Predicate:
    """Return the predicate that some value at a path of a DICOM JSON document matches the text."""
    alias = f"item{depth}"
    values = f"json_each({document}, '$.\"{path[0]:08X}\".Value') AS {alias}"
    if len(path) > 1:
        inner = _json_predicate(f"{alias}.value", path[1:], vr, text, depth + 1)
    elif vr == "PN":
        groups = [
            value_predicate(f"fold_name(json_extract({alias}.value, '$.{group}'))", "PN", text)
            for group in ("Alphabetic", "Ideographic", "Phonetic")
        ]
        inner = groups[0] | groups[1] | groups[2]
    else:
        inner = value_predicate(f"{alias}.value", vr, text)
    return Predicate(f"EXISTS (SELECT 1 FROM {values} WHERE {inner.sql})", inner.values)


def _name(column: str, tag: int, text: str) -> Predicate:
    """Return the predicate of a person name with a column, which holds its alphabetic group only."""
    alphabetic = value_predicate(column, "PN", text)
    if text.isascii():
        return alphabetic
    return alphabetic | _json_predicate(JSON_OF[level_of(tag)], (tag,), "PN", text)


def match_predicate(match: Match, access: Access) -> Predicate:
    """Return the predicate of one key. Modalities are matched over the series that the caller may see."""
    tag = match.path[0]
    if tag == MODALITIES_IN_STUDY:
        inner = every(access.series, value_predicate("series.modality", "CS", match.text))
        return Predicate(
            f"EXISTS (SELECT 1 FROM series WHERE series.study_id = study.id AND {inner.sql})", inner.values
        )
    column = COLUMN_OF.get(tag)
    if column is None or len(match.path) > 1:
        return _json_predicate(JSON_OF[level_of(tag)], match.path, match.vr, match.text)
    if match.vr == "PN":
        return _name(column, tag, match.text)
    return value_predicate(column, match.vr, match.text)


def reads_metadata(search: Search) -> bool:
    """Tell whether a search needs the whole DICOM JSON of instances, to match or to return it."""
    if search.level is not Level.INSTANCE:
        return False
    kept = level_tags(Level.INSTANCE)
    returned = search.include_all or any(
        level_of(tag) is Level.INSTANCE and tag not in kept for tag in search.include
    )
    return returned or any(
        level_of(match.path[0]) is Level.INSTANCE and (len(match.path) > 1 or match.path[0] not in COLUMN_OF)
        for match in search.matches
    )


def _interval(date: str, time: str) -> Predicate:
    """Return the predicate of a range of dates with a range of times: one interval (PS3.4 C.2.2.2.5.3)."""
    moment = "study.study_date || coalesce(study.study_time, '')"
    first, _, last = date.partition("-")
    begin, _, end = time.replace(":", "").partition("-")
    bounds = [_range("study.study_date", date)]
    if first:
        bounds.append(Predicate(f"{moment} >= ?", (first + begin,)))
    if last:
        bounds.append(Predicate(f"{moment} <= ?", (last + end + AFTER_ANY_DIGIT,)))
    return every(*bounds)


def _keys(matches: Sequence[Match], access: Access) -> list[Predicate]:
    """Return the predicates of the keys; ranges of study date and study time belong together."""
    ranges = {
        match.path: match for match in matches if match.path in (STUDY_DATE, STUDY_TIME) and "-" in match.text
    }
    if len(ranges) < len((STUDY_DATE, STUDY_TIME)):
        return [match_predicate(match, access) for match in matches]
    others = [match_predicate(match, access) for match in matches if match.path not in ranges]
    return [_interval(ranges[STUDY_DATE].text, ranges[STUDY_TIME].text), *others]


def search_predicate(search: Search, access: Access) -> Predicate:
    """Return the predicate of all keys of a search, the UIDs of its path included."""
    scope = []
    if search.study_uid is not None:
        scope.append(Predicate("study.study_uid = ?", (search.study_uid,)))
    if search.series_uid is not None:
        scope.append(Predicate("series.series_uid = ?", (search.series_uid,)))
    return every(*scope, *_keys(search.matches, access))
