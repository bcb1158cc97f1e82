"""Media types and their parameters, as HTTP spells them (RFC 9110 5.6.6, 8.3.1, 12.5.1).

The parser is tolerant where clients need it: parameters may repeat (the first of a name counts, except that
all `transfer-syntax` values are kept), quotes are optional, white space is free.
"""

import re
from dataclasses import dataclass

from reference_server.errors import BadRequest

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
JSON = "application/json"
OCTETS = "application/octet-stream"
MULTIPART = "multipart/related"

# Spellings that nobody registered, but clients use.
_MISSPELT = {"image/jpg": "image/jpeg"}

_PARAMETER = re.compile(r';\s*([!#$%&\'*+\-.^_`|~\w]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s"]*)\s*|;\s*')
# Possessive: a quote that nobody closes goes on to the end, and is looked for once.
_ELEMENT = re.compile(r'(?:[^,"]++|"(?:[^"\\]|\\.)*+"?)++')


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range: `essence` and parameter names in lower case, parameter values unquoted."""

    essence: str
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str | None:
        """Return the first value of a parameter, or None."""
        return next((value for key, value in self.parameters if key == name), None)

    def parameter_values(self, name: str) -> tuple[str, ...]:
        """Return all values of a parameter, in order."""
        return tuple(value for key, value in self.parameters if key == name)

    @property
    def quality(self) -> float:
        """The weight `q`, 1 where it is absent; a malformed weight raises BadRequest."""
        text = self.parameter("q")
        if text is None:
            return 1.0
        try:
            weight = float(text)
        except ValueError:
            raise BadRequest(f"the weight q={text!r} is not a number") from None
        if not 0 <= weight <= 1:
            raise BadRequest(f"the weight q={text!r} is not between 0 and 1")
        return weight


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def parse_media_type(text: str) -> MediaType:
    """Return the media type that the text spells, or raise BadRequest."""
    essence, separator, _ = text.partition(";")
    essence = essence.strip().lower()
    if essence.count("/") != 1 or not all(essence.split("/")) or re.search(r"[\s,\"]", essence):
        raise BadRequest(f"{text!r} is not a media type")
    parameters: list[tuple[str, str]] = []
    at = text.index(";") if separator else len(text)
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None or match.end() == at:
            raise BadRequest(f"{text!r} has a malformed parameter")
        if match.group(1):
            parameters.append((match.group(1).lower(), _unquote(match.group(2))))
        at = match.end()
    return MediaType(_MISSPELT.get(essence, essence), tuple(parameters))


def split_list(text: str) -> list[str]:
    """Return the elements of a comma-separated header value; a comma inside quotes does not separate."""
    return [element.strip() for element in _ELEMENT.findall(text) if element.strip()]
