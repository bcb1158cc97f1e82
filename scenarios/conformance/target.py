"""The archive under test as target.toml describes it: where it is, who asks, and what it claims to do.

Secrets stay out of the file: a header value may name environment variables as `${NAME}`. A capability that
the file does not mention is tried; `false` makes its checks not applicable; those in `CLAIMED_ONLY` are
tried only if `true`.
"""

import os
import re
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from scenarios.conformance.findings import HarnessError
from scenarios.conformance.wire import Limits

CURRENT_EDITION = "2026a"


class Capability(StrEnum):
    """What an archive may offer or not offer, as named in the `capabilities` table of target.toml."""

    STORE = "store"
    SEARCH = "search"
    RETRIEVE = "retrieve"
    RENDERED = "rendered"
    THUMBNAILS = "thumbnails"
    BULK_DATA = "bulk-data"
    XML = "xml"
    WADO_URI = "wado-uri"
    WORKLIST = "worklist"
    CAPABILITIES = "capabilities"
    RELATIONAL_SEARCH = "relational-search"
    CORS = "cors"
    AUTHENTICATION = "authentication"
    ACCESS_CONTROL = "access-control"
    DELETE = "delete"


CLAIMED_ONLY = frozenset(
    {
        Capability.WORKLIST,
        Capability.CORS,
        Capability.AUTHENTICATION,
        Capability.ACCESS_CONTROL,
        Capability.DELETE,
    },
)


@dataclass(frozen=True, slots=True)
class Tls:
    """How an https target is trusted and who we are to it."""

    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    verify: bool = True

    def context(self) -> ssl.SSLContext:
        """Return the TLS context that these files describe."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.client_certificate:
            context.load_cert_chain(self.client_certificate, self.client_key or None)
        return context


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds."""

    connect_s: float = 5.0
    read_s: float = 30.0
    check_s: float = 60.0  # for all requests of one check
    settle_s: float = 10.0  # until something stored is found by a search


@dataclass(frozen=True, slots=True)
class Target:
    """One archive under test."""

    base_url: str
    name: str = ""
    edition: str = CURRENT_EDITION
    wado_uri_url: str = ""
    accounting_url: str = ""  # of a management API like that of docs/accounting.md
    read_only: bool = False
    seed: str = ""  # the seed of preloaded fixtures; empty: a new one for each run
    uid_root: str = "2.25"
    concurrency: int = 4
    body_bytes: int = 512 * 1024 * 1024
    tls: Tls = field(default_factory=Tls)
    timeouts: Timeouts = field(default_factory=Timeouts)
    capabilities: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    principals: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Refuse what cannot be a target."""
        url = urlsplit(self.base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise HarnessError(f"base_url is {self.base_url!r}; it has to be an http or https URL")
        if not re.fullmatch(r"20\d\d[a-e]?", self.edition):
            raise HarnessError(f"edition is {self.edition!r}; write it as PS3.18 does, for example 2025c")
        if self.read_only and not self.seed:
            raise HarnessError(
                "a read-only target needs the seed of the fixtures that were preloaded into it"
            )
        unknown = set(self.capabilities) - set(Capability)
        if unknown:
            raise HarnessError(f"unknown capabilities {sorted(unknown)}; known are {', '.join(Capability)}")

    @property
    def origin(self) -> SplitResult:
        """Scheme, host and port."""
        return urlsplit(self.base_url)._replace(path="", query="", fragment="")

    @property
    def wado_uri(self) -> str:
        """The URL of WADO-URI: the one that target.toml names, or else `wado` below the base URL."""
        return self.wado_uri_url or f"{self.base_url}/wado"

    @property
    def limits(self) -> Limits:
        """The limits of one exchange."""
        return Limits(self.timeouts.connect_s, self.timeouts.read_s, self.body_bytes)

    @property
    def secrets(self) -> frozenset[str]:
        """Header values that must not appear in a report."""
        values = {value for headers in self.principals.values() for value in headers.values()}
        return frozenset(values | {value.partition(" ")[2] for value in values if " " in value})

    def offers(self, capability: Capability) -> bool:
        """Tell whether checks of this capability are to be tried."""
        return self.capabilities.get(capability, capability not in CLAIMED_ONLY)


def load_target(text: str) -> Target:
    """Return the target that this URL or path of a target.toml names; anything wrong is a HarnessError."""
    if text.startswith(("http://", "https://")):
        return Target(base_url=text.rstrip("/"))
    try:
        document = tomllib.loads(Path(text).read_text(encoding="utf-8"))
    except OSError as error:
        raise HarnessError(f"{text} is neither an http URL nor a readable target.toml: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise HarnessError(f"{text} is not TOML: {error}") from error
    return parse_target(document, os.environ)


def parse_target(document: Mapping[str, Any], environment: Mapping[str, str]) -> Target:
    """Return the target of a parsed target.toml; unknown keys and missing variables are a HarnessError."""
    known = {name.name for name in fields(Target)}
    unknown = set(document) - known
    if unknown:
        raise HarnessError(f"target.toml has unknown keys {sorted(unknown)}; known are {sorted(known)}")
    if "base_url" not in document:
        raise HarnessError("target.toml has no base_url")
    values = dict(document)
    values["base_url"] = str(values["base_url"]).rstrip("/")
    principals = {
        who: MappingProxyType(
            {key: _expand(text, environment) for key, text in entry.get("headers", {}).items()}
        )
        for who, entry in values.pop("principals", {}).items()
    }
    try:
        return Target(
            **{key: value for key, value in values.items() if key not in {"tls", "timeouts", "capabilities"}},
            tls=Tls(**values.get("tls", {})),
            timeouts=Timeouts(**values.get("timeouts", {})),
            capabilities=MappingProxyType(dict(values.get("capabilities", {}))),
            principals=MappingProxyType(principals),
        )
    except TypeError as error:
        raise HarnessError(f"target.toml: {error}") from error


def _expand(text: str, environment: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise HarnessError(f"the environment variable {found[1]}, named in target.toml, is not set")
        return environment[found[1]]

    return re.sub(r"\$\{(\w+)\}", value, text)
