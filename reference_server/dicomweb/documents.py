# ruff: noqa: S608  documents and paths are constants or hexadecimal tags, values are bound
"""Keys are matched in a DICOM JSON document, the keys of one sequence within one of its items.

A document is an SQL expression. What a sequence holds is a document again, so the same predicate serves all
depths: an item matches if it matches every key below it (PS3.4 C.2.2.2.6). A document may say otherwise than
the data dictionary expects, so items and names are read as such only where they are JSON objects.
"""

from collections.abc import Callable, Iterable, Sequence

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from reference_server.dicomweb.attributes import TIMEZONE_OFFSET
from reference_server.dicomweb.private_tags import is_creator
from reference_server.dicomweb.search import Match, MatchType
from reference_server.dicomweb.values import (
    listed,
    single_predicate,
    untyped_predicate,
    value_predicate,
    wildcard,
)
from reference_server.storage.moments import interval_predicate, moment_predicate, same_form
from reference_server.storage.names import pattern_words
from reference_server.storage.predicate import Predicate, every

Compare = Callable[[str, str, str], Predicate]
GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def document_predicate(document: str, matches: Sequence[Match]) -> Predicate:
    """Return the predicate that a document matches every key; private keys are of its own elements."""
    private = [_private(document, match) for match in matches if match.creator]
    return every(_keys(document, document, [match for match in matches if not match.creator], 0), *private)


def _keys(document: str, root: str, matches: Sequence[Match], depth: int) -> Predicate:
    """Return the predicate of keys whose paths are at `depth` in a document, which lies within `root`."""
    sequences: dict[int, list[Match]] = {}
    own: list[Match] = []
    for match in matches:
        if len(match.path) > depth + 1:
            sequences.setdefault(match.path[depth], []).append(match)
        else:
            own.append(match)
    found = []
    for dates, times in date_time_pairs(own):
        columns = (_first(document, dates.path[depth]), _first(document, times.path[depth]))
        found.append(interval_predicate(columns, dates.text, times.text))
        own = [match for match in own if match not in (dates, times)]
    found += [_attribute(document, root, match, depth) for match in own]
    for tag, below in sequences.items():
        item = f"item{depth}"
        found.append(_exists(document, tag, item, _keys(_object(item), root, below, depth + 1)))
    return every(*found)


def date_time_pairs(matches: Iterable[Match]) -> list[tuple[Match, Match]]:
    """Return the ranges of a date with the range of its time that are one interval, of keys of one item."""
    by_tag = {match.path[-1]: match for match in matches if match.type is MatchType.VALUE}
    pairs = []
    for tag, dates in by_tag.items():
        keyword = keyword_for_tag(tag)
        times = by_tag.get(tag_for_keyword(f"{keyword.removesuffix('Date')}Time") or 0)
        paired = times is not None and (dates.vr, times.vr) == ("DA", "TM") and keyword.endswith("Date")
        if times is not None and paired and same_form(dates.text, times.text):
            pairs.append((dates, times))
    return pairs


def _first(document: str, tag: int) -> str:
    return f"json_extract({document}, '$.\"{tag:08X}\".Value[0]')"


def _object(item: str) -> str:
    """Return the SQL of an item as a document; what is no object is an empty one."""
    return f"iif({item}.type = 'object', {item}.value, '{{}}')"


def _exists(document: str, tag: int, item: str, inner: Predicate) -> Predicate:
    """Return the predicate that some value of an attribute fulfils another one."""
    values = f"json_each({document}, '$.\"{tag:08X}\".Value') AS {item}"
    return Predicate(f"EXISTS (SELECT 1 FROM {values} WHERE {inner.sql})", inner.values)


def _attribute(document: str, root: str, match: Match, depth: int) -> Predicate:
    """Return the predicate of a key that is an attribute of the document itself."""
    tag, item = match.path[depth], f"item{depth}"

    def some(inner: Predicate) -> Predicate:
        return _exists(document, tag, item, inner)

    if match.type is MatchType.EMPTY:
        return _empty(document, tag, item)
    if match.type is MatchType.EACH:
        return every(*(some(_value(item, match, root, value)) for value in listed(match.text)))
    if match.type is MatchType.FUZZY:
        literal = some(_value(item, match, root, match.text))
        words = [wildcard(f"name_words({item}.value)", f"* {word}*") for word in pattern_words(match.text)]
        return literal | some(every(*words)) if words else literal
    return some(_value(item, match, root, match.text))


def _empty(document: str, tag: int, item: str) -> Predicate:
    """Return the predicate that an attribute is absent or has no value, and none outside of the document."""
    value = _exists(document, tag, item, Predicate(f"coalesce({item}.value, '') <> ''"))
    paths = ", ".join(f"'$.\"{tag:08X}\".{name}'" for name in ("BulkDataURI", "InlineBinary"))
    return Predicate(f"(NOT {value.sql} AND json_extract({document}, {paths}) = '[null,null]')")


def _value(item: str, match: Match, root: str, text: str) -> Predicate:
    """Return the predicate that one value of an attribute matches a text."""
    column = f"{item}.value"
    compare = single_predicate if match.type is MatchType.EACH else value_predicate
    if match.vr == "PN":
        return name_predicate(lambda group: f"fold_name({_group(item, group)})", text, compare)
    if match.vr == "DT":
        offset = _first(root, TIMEZONE_OFFSET)
        return moment_predicate(column, offset, text, match.offset)
    return compare(column, match.vr, text)


def _group(item: str, group: str) -> str:
    return f"json_extract({_object(item)}, '$.{group}')"


def name_predicate(column_of: Callable[[str], str], text: str, compare: Compare) -> Predicate:
    """Return the predicate of a name: some group matches, or each one that the text gives its own."""
    if "=" in text:
        given = zip(GROUPS, text.split("="), strict=False)
        return every(*(compare(column_of(group), "PN", part) for group, part in given if part))
    alphabetic, ideographic, phonetic = (compare(column_of(group), "PN", text) for group in GROUPS)
    return alphabetic | ideographic | phonetic


def _private(document: str, match: Match) -> Predicate:
    """Return the predicate of a private key in whichever block its creator has reserved (PS3.5 7.8.1).

    The key that names a creator matches where it has reserved one.
    """
    tag = match.path[0]
    group = f"{tag >> 16:04X}"
    reserved = Predicate(
        f"substr(block.key, 1, 6) = '{group}00' AND json_extract(block.value, '$.Value[0]') = ?",
        (match.creator,),
    )
    inner = reserved
    if not is_creator(tag):
        path = f"'$.\"{group}' || substr(block.key, 7) || '{tag & 0xFF:02X}\".Value'"
        value = untyped_predicate("item0.value", match.text)
        exists = f"EXISTS (SELECT 1 FROM json_each({document}, {path}) AS item0 WHERE {value.sql})"
        inner = every(reserved, Predicate(exists, value.values))
    return Predicate(f"EXISTS (SELECT 1 FROM json_each({document}) AS block WHERE {inner.sql})", inner.values)
