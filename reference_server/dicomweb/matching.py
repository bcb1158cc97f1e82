# ruff: noqa: S608  columns and paths are constants or hexadecimal tags, values are bound
"""The keys of a search become one predicate over the index (PS3.4 C.2.2.2; PS3.18 8.3.4.1).

Keys with a column of their own use it. Every other attribute is matched in the DICOM JSON that is kept with
its level, or else in the metadata of the instances.
"""

from reference_server.accounting.policy import Access
from reference_server.dicomweb.attributes import MODALITIES_IN_STUDY, STANDARD, Catalogue, tags
from reference_server.dicomweb.documents import date_time_pairs, document_predicate
from reference_server.dicomweb.search import Match, MatchType, Search
from reference_server.dicomweb.values import beginning, has_wildcard, listed, value_predicate, wildcard
from reference_server.storage.moments import interval_predicate
from reference_server.storage.names import pattern_words
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
METADATA = "CAST(metadata.json AS TEXT)"


def search_predicate(search: Search, access: Access, catalogue: Catalogue = STANDARD) -> Predicate:
    """Return the predicate of all keys of a search, the UIDs of its path included."""
    found = []
    if search.study_uid is not None:
        found.append(Predicate("study.study_uid = ?", (search.study_uid,)))
    if search.series_uid is not None:
        found.append(Predicate("series.series_uid = ?", (search.series_uid,)))
    matches = list(search.matches)
    for dates, times in date_time_pairs(match for match in matches if match.path in (STUDY_DATE, STUDY_TIME)):
        columns = (COLUMN_OF[dates.path[0]], COLUMN_OF[times.path[0]])
        found.append(interval_predicate(columns, dates.text, times.text))
        matches = [match for match in matches if match not in (dates, times)]
    documents: dict[str, list[Match]] = {}
    for match in matches:
        if match.path[0] == MODALITIES_IN_STUDY:
            found.append(_modalities(match, access))
        elif (own := _column_predicate(match)) is not None:
            found.append(own)
        else:
            documents.setdefault(document_of(match.path[0], catalogue), []).append(match)
    return every(*found, *(document_predicate(name, keys) for name, keys in documents.items()))


def document_of(tag: int, catalogue: Catalogue) -> str:
    """Return the SQL of the DICOM JSON in which an attribute is found."""
    level = catalogue.level_of(tag)
    return f"{level}.attributes" if tag in catalogue.kept(level) else METADATA


def _modalities(match: Match, access: Access) -> Predicate:
    """Return the predicate of the modalities of the series that the caller may see.

    A list means any of them, unless each is asked for; with none there is no series that has one.
    """
    if match.type is MatchType.EMPTY:
        # While candidates are found, a series that has one may turn out to be hidden.
        return access.undecided | _negated(_some_series(Predicate("series.modality <> ''"), access))
    if match.type is MatchType.EACH:
        single = [Predicate("series.modality = ?", (value,)) for value in listed(match.text)]
        return every(*(_some_series(each, access) for each in single))
    inner, *others = (
        value_predicate("series.modality", "CS", value) for value in listed(match.text) or [match.text]
    )
    for other in others:
        inner |= other
    return _some_series(inner, access)


def _some_series(inner: Predicate, access: Access) -> Predicate:
    whole = every(access.series, inner)
    return Predicate(
        f"EXISTS (SELECT 1 FROM series WHERE series.study_id = study.id AND {whole.sql})", whole.values
    )


def _negated(predicate: Predicate) -> Predicate:
    return Predicate(f"NOT {predicate.sql}", predicate.values)


def _column_predicate(match: Match) -> Predicate | None:
    """Return the predicate of a key by its own column, or None where it has none that tells."""
    column = COLUMN_OF.get(match.path[0])
    if column is None or len(match.path) > 1:
        return None
    if match.vr == "PN":
        return _name_predicate(column, match)
    if match.type is MatchType.EMPTY:
        return Predicate(f"coalesce({column}, '') = ''")
    return value_predicate(column, match.vr, match.text)


def _name_predicate(column: str, match: Match) -> Predicate | None:
    """Return the predicate of a name whose alphabetic group has a column, and its words a table."""
    if match.type is MatchType.EMPTY or "=" in match.text or not match.text.isascii():
        return None  # other groups count too
    literal = value_predicate(column, "PN", match.text)
    if match.type is MatchType.VALUE:
        return literal
    words = [_word_predicate(match.path[0], word) for word in pattern_words(match.text)]
    return literal | every(*words) if words else literal


def _word_predicate(tag: int, word: str) -> Predicate:
    """Return the predicate that a name of the study has a word that begins so."""
    column = "name_word.word"
    begins = wildcard(column, f"{word}*") if has_wildcard(word) else beginning(column, word)
    inner = every(Predicate("name_word.tag = ?", (tag,)), begins)
    studies = f"SELECT name_word.study_id FROM name_word WHERE {inner.sql}"
    return Predicate(f"study.id IN ({studies})", inner.values)


def reads_metadata(search: Search, catalogue: Catalogue = STANDARD) -> bool:
    """Tell whether a search needs the whole DICOM JSON of instances, to match or to return it."""
    if search.level is not Level.INSTANCE:
        return False
    wanted = {*search.include, *(match.path[0] for match in search.matches)} - {MODALITIES_IN_STUDY}
    asked = search.include_all or bool(search.private)
    return asked or any(document_of(tag, catalogue) == METADATA for tag in wanted)
