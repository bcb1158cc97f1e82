"""How person names are compared: literally without case, or word by word without case and accents.

The index keeps names in these forms, and SQL knows the functions by the same names, so that a name in a
column and one in a JSON document match alike.
"""

import re
import unicodedata

import orjson

_ACCENTS = re.compile("[\u0300-\u036f]")  # the combining marks of Latin, Greek and Cyrillic letters
_WORD = re.compile(r"\w+")
_PATTERN_WORD = re.compile(r"[\w*?]+")


def fold_name(name: str | None) -> str | None:
    """Return a name as it is compared; of no name, none."""
    return None if name is None else name.casefold().rstrip("^")


def without_accents(text: str) -> str:
    """Return the text without case and without the accents on its letters."""
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())))


def words_of(name: str) -> list[str]:
    """Return the words of a name as fuzzy matching compares them, in order and each once."""
    return list(dict.fromkeys(_WORD.findall(without_accents(name))))


def pattern_words(text: str) -> list[str]:
    """Return the words of a key for fuzzy matching, wildcards included; asterisks alone are no word."""
    return [word for word in dict.fromkeys(_PATTERN_WORD.findall(without_accents(text))) if word.strip("*")]


def name_words(name: str | None) -> str:
    """Return the words of all component groups of a name in DICOM JSON, each between blanks."""
    try:
        groups = orjson.loads(name or "null")
    except orjson.JSONDecodeError:
        return " "
    texts = [text for text in groups.values() if isinstance(text, str)] if isinstance(groups, dict) else []
    return " ".join(("", *words_of(" ".join(texts)), ""))
