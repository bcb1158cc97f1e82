"""Small archives whose studies, series and instances have values, and searches for these values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from hypothesis import strategies as st

from reference_server.dicomweb.attributes import STANDARD
from reference_server.dicomweb.reading import study_keys, study_name_words, subset
from reference_server.storage.records import InstanceRecord, Level
from tests.server.search_oracle import Flags, Key
from tests.server.worlds import Instance, World, record, worlds

Json = dict[str, Any]
TEXTS = ("AB", "ABC", "abc", "A%B", "A_B", "A[B", "A,B", "B")
CODES = ("S1", "S2")
NAMES: tuple[Json, ...] = (
    {"Alphabetic": "Doe^John"},
    {"Alphabetic": "DOE^Jane^^Dr"},
    {"Alphabetic": "Müller^Jörg"},
    {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"},
    {"Ideographic": "김희중"},
)
DATES = ("20200109", "20200110", "20200111", "20191231")
TIMES = ("10", "1000", "100000", "103000", "103000.5", "235959", "0000")
MOMENTS = ("20200110", "2020011010", "2020011010+0100", "2020011009-0100", "20200111")
NUMBERS = (1, 2, 12)
MODALITIES = ("CT", "MR", "SR")
CREATORS = ("ACME", "OTHER")
INNER = "00082220"
REQUEST, STEP, PROCEDURE = "00400275", "00400009", "00401001"
REGION, CODE = "00082218", "00080100"


def attribute(vr: str, values: st.SearchStrategy[Any], most: int = 1) -> st.SearchStrategy[Json]:
    """Draw an attribute with up to so many values; it is seldom empty."""
    some = st.lists(values, min_size=1, max_size=most)
    drawn = st.one_of(some, some, some, st.just([]))
    return drawn.map(lambda each: {"vr": vr, "Value": each} if each else {"vr": vr})


def document(attributes: Mapping[str, st.SearchStrategy[Json]]) -> st.SearchStrategy[Json]:
    """Draw a document in which one of the attributes may be absent."""
    absent = st.sampled_from(("", "", *attributes))
    return st.tuples(st.fixed_dictionaries(dict(attributes)), absent).map(
        lambda drawn: {tag: value for tag, value in drawn[0].items() if tag != drawn[1]}
    )


def texts(vr: str = "LO", most: int = 1) -> st.SearchStrategy[Json]:
    """Draw an attribute of short texts."""
    return attribute(vr, st.sampled_from(TEXTS), most)


CODE_VALUE = attribute("SH", st.sampled_from(CODES))
ITEM = document({STEP: CODE_VALUE, PROCEDURE: CODE_VALUE})
DEEP_ITEM = document({CODE: CODE_VALUE})
REGION_ITEM = document({CODE: CODE_VALUE, INNER: attribute("SQ", DEEP_ITEM, 2)})
STUDY = document(
    {
        "00100020": texts(),
        "00080050": texts("SH"),
        "00101000": texts("LO", 3),
        "00100010": attribute("PN", st.sampled_from(NAMES)),
        "00101001": attribute("PN", st.sampled_from(NAMES), 2),
        "00080020": attribute("DA", st.sampled_from(DATES)),
        "00080030": attribute("TM", st.sampled_from(TIMES)),
    }
)
SERIES = document(
    {
        "00200011": attribute("IS", st.sampled_from(NUMBERS)),
        "00080021": attribute("DA", st.sampled_from(DATES)),
        "00080031": attribute("TM", st.sampled_from(TIMES)),
        "00081070": attribute("PN", st.sampled_from(NAMES), 2),
        REQUEST: attribute("SQ", ITEM, 3),
    }
)
INSTANCE = document(
    {
        "00200013": attribute("IS", st.sampled_from(NUMBERS)),
        "00280010": attribute("US", st.sampled_from(NUMBERS)),
        "00080008": attribute("CS", st.sampled_from(TEXTS), 3),
        "0008002A": attribute("DT", st.sampled_from(MOMENTS)),
        "00080201": attribute("SH", st.sampled_from(("+0100", "-0500"))),
        REGION: attribute("SQ", REGION_ITEM, 2),
    }
)


@dataclass(frozen=True, slots=True)
class SearchWorld:
    """A world and the documents of its studies, series and instances, by repository and UID."""

    world: World
    documents: Mapping[tuple[str, str], Json]

    def of(self, instance: Instance, level: Level) -> Json:
        """Return the document of an instance, or of the series or study that it is in."""
        uid = {Level.STUDY: instance.study, Level.SERIES: instance.series, Level.INSTANCE: instance.uid}[
            level
        ]
        return self.documents[instance.repository, uid]

    def record(self, instance: Instance) -> InstanceRecord:
        """Return the record of an instance with the keys and documents of all its levels."""
        model: Json = {}
        for level in Level:
            model |= self.of(instance, level)
        number = [model.get(tag, {}).get("Value", [None])[0] for tag in ("00200011", "00200013")]
        return replace(
            record(instance),
            study_keys=study_keys(model),
            name_words=study_name_words(model),
            series_number=None if number[0] is None else str(number[0]),
            instance_number=None if number[1] is None else str(number[1]),
            study_attributes=subset(model, STANDARD.study),
            series_attributes=subset(model, STANDARD.series),
            instance_attributes=subset(model, STANDARD.instance),
            metadata=orjson.dumps(model),
        )


@st.composite
def search_worlds(draw: st.DrawFn) -> SearchWorld:
    """Draw a world and its documents; private attributes lie in the block that their creator reserved."""
    world = draw(worlds())
    documents: dict[tuple[str, str], Json] = {}
    for instance in world.instances:
        at = instance.repository
        if (at, instance.study) not in documents:
            documents[at, instance.study] = draw(STUDY)
        if (at, instance.series) not in documents:
            modality = {"vr": "CS", "Value": [instance.modality]}
            documents[at, instance.series] = draw(SERIES) | {"00080060": modality}
        own = draw(INSTANCE)
        for block, creator in zip((0x10, 0x11), draw(st.permutations(CREATORS)), strict=True):
            own[f"000900{block:02X}"] = {"vr": "LO", "Value": [creator]}
            own[f"0009{block:02X}01"] = draw(texts())
        documents[at, instance.uid] = own
    return SearchWorld(world, documents)


def patterns(values: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Draw one of the texts, or a pattern that it may match, or a text that is none of them."""
    value = st.sampled_from(values)
    return st.one_of(
        value,
        value,
        st.tuples(value, st.integers(0, 3)).map(lambda pair: f"{pair[0][: pair[1]]}*"),
        value.map(lambda text: f"*{text[1:]}"),
        value.map(lambda text: f"{text[:1]}?{text[2:]}"),
        st.sampled_from(("none", '""', "*", "", "**B", "A,B", "AB,ABC")),
    )


def ranges(values: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Draw a value, or a closed or open range of values."""
    value = st.sampled_from(values)
    closed = st.tuples(value, value).map(lambda pair: "-".join(sorted(pair)))
    return st.one_of(
        value, closed, closed, value.map(lambda low: f"{low}-"), value.map(lambda high: f"-{high}")
    )


PERSONS = (
    "Doe^John", "doe^*", "DOE*", "john doe", "jor", "muller", "Müller^Jörg", "*o?*", "Yamada^Tarou=山田*",
    "山田*", "=山田^太郎", "やま", "김희중", "d?e jane", '""', "nobody", "^",
)  # fmt: skip
PERSON = st.sampled_from(PERSONS)
CODED = st.sampled_from((*CODES, *CODES, "S?", '""', "*", "S3"))
NUMBER = st.sampled_from(("1", "2", "02", "12", "1.0", "x"))
KEYS: dict[Level, dict[tuple[str, ...], tuple[str, st.SearchStrategy[str]]]] = {
    Level.STUDY: {
        ("00100020",): ("LO", patterns(TEXTS)),
        ("00080050",): ("SH", patterns(TEXTS)),
        ("00101000",): ("LO", patterns(TEXTS)),
        ("00100010",): ("PN", PERSON),
        ("00101001",): ("PN", PERSON),
        ("00080020",): ("DA", ranges(DATES)),
        ("00080030",): ("TM", ranges(TIMES)),
        ("00080061",): ("CS", st.sampled_from(("CT", "MR", "CT,MR", "C*", "US", '""', "*"))),
        ("0020000D",): ("UI", st.sampled_from(("1.0", "1.0,1.1", "1.0\\\\1.2", "1.*", "1.2"))),
    },
    Level.SERIES: {
        ("00080060",): ("CS", st.sampled_from(("CT", "?R", "M*", '""'))),
        ("00200011",): ("IS", NUMBER),
        ("00080021",): ("DA", ranges(DATES)),
        ("00080031",): ("TM", ranges(TIMES)),
        ("00081070",): ("PN", PERSON),
        (REQUEST, STEP): ("SH", CODED),
        (REQUEST, PROCEDURE): ("SH", CODED),
    },
    Level.INSTANCE: {
        ("00200013",): ("IS", NUMBER),
        ("00280010",): ("US", NUMBER),
        ("00080008",): ("CS", patterns(TEXTS)),
        ("0008002A",): ("DT", ranges(MOMENTS)),
        (REGION, CODE): ("SH", CODED),
        (REGION, INNER, CODE): ("SH", CODED),
    },
}


# Keys whose meaning depends on each other: dates with times, and keys of one sequence.
TOGETHER: tuple[tuple[tuple[Level, tuple[str, ...]], ...], ...] = (
    ((Level.STUDY, ("00080020",)), (Level.STUDY, ("00080030",))),
    ((Level.SERIES, ("00080021",)), (Level.SERIES, ("00080031",))),
    ((Level.SERIES, (REQUEST, STEP)), (Level.SERIES, (REQUEST, PROCEDURE))),
    ((Level.INSTANCE, (REGION, CODE)), (Level.INSTANCE, (REGION, INNER, CODE))),
)


@dataclass(frozen=True, slots=True)
class Query:
    """A search: its level, its keys by the level of their attribute, the flags, and a private key."""

    level: Level
    keys: tuple[tuple[Level, Key], ...]
    flags: Flags
    private: tuple[str, str] | None = None  # creator and value

    def parameters(self) -> list[tuple[str, str]]:
        """Return the query parameters."""
        pairs = [(".".join(key.path), key.text) for _, key in self.keys]
        for name in ("fuzzy", "empty", "multiple"):
            suffix = "matching" if name == "fuzzy" else "valuematching"
            pairs.append((f"{name}{suffix}", "true" if getattr(self.flags, name) else "false"))
        if self.private is not None:
            pairs += [("00090010", self.private[0]), ("00091001", self.private[1])]
        return pairs


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Draw a search whose dates, times and moments are valid; a quoted empty value is not one by itself."""
    level = draw(st.sampled_from(Level))
    above = {Level.STUDY: 1, Level.SERIES: 2, Level.INSTANCE: 3}[level]
    choices = [(at, path) for at in list(Level)[:above] for path in KEYS[at]]
    flags = Flags(draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
    together = [pair for pair in TOGETHER if all(choice in choices for choice in pair)]
    drawn = draw(
        st.one_of(
            st.sampled_from(choices).map(lambda choice: [choice]),
            st.lists(st.sampled_from(choices), max_size=3, unique=True),
            st.sampled_from(together).map(list),
        )
    )
    keys = []
    for at, path in drawn:
        vr, values = KEYS[at][path]
        keys.append((at, Key(path, vr, draw(values))))
    private = None
    if level is Level.INSTANCE and draw(st.integers(0, 3)) == 0:
        private = (draw(st.sampled_from(CREATORS)), draw(st.sampled_from(("AB", "A*", "A[B"))))
    return Query(level, tuple(keys), flags, private)
