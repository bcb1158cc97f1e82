"""Content types are read as a client in the field reads them: tolerantly, with every deviation remembered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
OCTETS = "application/octet-stream"
ANY = "*/*"

_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type and its parameters; names are lower case, values keep theirs."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    quoted: frozenset[str] = frozenset()  # the parameters that stood in quotes

    @classmethod
    def parse(cls, text: str) -> "MediaType":
        """Return the media type that this header value names; an empty value gives an empty name."""
        name, _, rest = text.partition(";")
        parameters, quoted = {}, set()
        for key, value in _PARAMETER.findall(f";{rest}"):
            key = key.lower()  # noqa: PLW2901 - the lower-case name is the name
            if value.startswith('"'):
                quoted.add(key)
                value = re.sub(r"\\(.)", r"\1", value[1:-1])  # noqa: PLW2901 - unquoted
            parameters[key] = value.strip()
        return cls(name.strip().lower(), MappingProxyType(parameters), frozenset(quoted))

    def __str__(self) -> str:
        """Write the type as a header value."""
        return self.name + "".join(f'; {key}="{value}"' for key, value in self.parameters.items())

    @property
    def is_json(self) -> bool:
        """Tell whether a DICOM JSON reader takes this type."""
        return self.name in {DICOM_JSON, "application/json"}


def multipart(part: str, transfer_syntax: str | None = None) -> str:
    """Return the Accept value for multipart/related of this part type; the transfer syntax is optional."""
    syntax = f"; transfer-syntax={transfer_syntax}" if transfer_syntax else ""
    return f'multipart/related; type="{part}"{syntax}'
