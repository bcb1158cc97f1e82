"""Every knob of the archive; `accounting` is the experiment's independent variable.

A setting comes from its default, a TOML file, the environment (`PHANTOM_` and the name in capitals) or the
command line; the later source wins. A value that cannot be is refused with the name of its source.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any


class Accounting(StrEnum):
    """The designs of ownership and access control."""

    OFF = "off"
    ALLOW_ALL = "allow-all"
    GRANTS = "grants"
    MATERIALISED = "materialised"
    POST_FILTER = "post-filter"
    EXTERNAL = "external"
    CEDAR = "cedar"


class Audit(StrEnum):
    """Whether an archive with accounting keeps an audit trail."""

    ON = "on"
    OFF = "off"


class AuditSync(StrEnum):
    """When a record of the audit trail is on disk."""

    BATCH = "batch"
    EACH = "each"


class Durability(StrEnum):
    """What an acknowledged instance survives."""

    FULL = "full"
    FILE = "file"
    PROCESS = "process"


OIDC = ("oidc_issuer", "oidc_audience", "oidc_jwks")


class SettingsError(Exception):
    """A setting cannot be used; the message names the setting, its source and what would do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one archive process runs."""

    data: Path = field(
        metadata={"help": "folder that holds the index and the blobs; created where it is missing"}
    )
    host: str = field(default="127.0.0.1", metadata={"help": "address to listen on"})
    port: int = field(default=8080, metadata={"help": "port to listen on; 0 picks a free one"})
    accounting: Accounting = field(
        default=Accounting.OFF,
        metadata={
            "help": "off: plain archive; allow-all: every decision yes; grants: grants decide; "
            "materialised: what they decide is kept for every principal; post-filter: they decide about what "
            "was found; external: a decision service does; cedar: a policy engine does"
        },
    )
    durability: Durability = field(
        default=Durability.FULL,
        metadata={
            "help": "what an acknowledged instance survives. full: loss of power; file: its file does, its "
            "entry in the index only the end of the process; process: the end of the process"
        },
    )
    audit: Audit = field(
        default=Audit.ON,
        metadata={"help": "on: with accounting, each decision leaves an audit record; off: none does"},
    )
    audit_sync: AuditSync = field(
        default=AuditSync.BATCH,
        metadata={"help": "batch: audit records are on disk after audit_interval; each: before the answer"},
    )
    audit_interval: int = field(
        default=100, metadata={"help": "milliseconds for which audit records gather into a batch"}
    )
    audit_queue: int = field(
        default=10_000,
        metadata={"help": "audit records that may wait for the disk; more are refused with their requests"},
    )
    base_path: str = field(default="/dicom-web", metadata={"help": "path below which DICOMweb is served"})
    public_url: str = field(
        default="",
        metadata={"help": "URL below which callers reach DICOMweb, if not as their Host header says"},
    )
    cors_origins: str = field(
        default="*",
        metadata={"help": "origins whose pages may call, comma-separated; * for any, empty for none"},
    )
    workers: int = field(default=1, metadata={"help": "processes that serve the data folder together"})
    client_timeout: int = field(
        default=30,
        metadata={"help": "seconds within which a client has to make headway before it is cut off"},
    )
    max_results: int = field(default=10_000, metadata={"help": "results of one search at most"})
    max_counted: int = field(
        default=100, metadata={"help": "matches after a page that are counted at most, for its Warning"}
    )
    search_attributes: str = field(
        default="",
        metadata={
            "help": "further attributes to keep in the index, like study:MedicalAlerts,series:ImageType"
        },
    )
    max_instance_bytes: int = field(default=2**33, metadata={"help": "size of one stored instance at most"})
    max_request_bytes: int = field(default=2**40, metadata={"help": "size of one store request at most"})
    max_metadata_bytes: int = field(
        default=2**24, metadata={"help": "JSON or XML of one store request at most, in bytes"}
    )
    oidc_issuer: str = field(
        default="",
        metadata={"help": "issuer of signed tokens (OpenID Connect); without it only opaque tokens count"},
    )
    oidc_audience: str = field(default="", metadata={"help": "audience that signed tokens must name"})
    oidc_jwks: str = field(default="", metadata={"help": "URL or file of the issuer's keys (JWK Set)"})
    oidc_user_claim: str = field(default="sub", metadata={"help": "claim that names the user"})
    oidc_roles_claim: str = field(
        default="", metadata={"help": "claim that lists further roles; none is read"}
    )
    decision_url: str = field(
        default="",
        metadata={"help": "with accounting external, URL of the decision service; without one it is started"},
    )
    decision_ttl: int = field(
        default=0,
        metadata={"help": "seconds for which a decision of the service is taken as said; 0 asks each time"},
    )
    force: bool = field(
        default=False, metadata={"help": "serve with accounting off although several repositories exist"}
    )


def _integer(low: int, high: int, value: Any) -> int:
    number = int(value)
    if not low <= number <= high:
        raise ValueError(f"must lie between {low} and {high}")
    return number


def _url(text: str) -> str:
    url = text.rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url


def _origins(text: str) -> str:
    origins = [each.strip().rstrip("/") for each in text.split(",") if each.strip()]
    if any(each != "*" and not re.fullmatch(r"https?://[^/\s]+", each) for each in origins):
        raise ValueError("must be origins such as https://viewer.example, or *")
    return ",".join(origins)


def _base_path(text: str) -> str:
    path = text.rstrip("/")
    if path and not path.startswith("/"):
        raise ValueError("must begin with a slash")
    if path == "/accounting" or path.startswith("/accounting/"):
        raise ValueError("/accounting is the management API")
    return path


def _switch(value: Any) -> bool:
    return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "data": Path,
    "accounting": Accounting,
    "durability": Durability,
    "audit": Audit,
    "audit_sync": AuditSync,
    "audit_interval": partial(_integer, 0, 60_000),
    "audit_queue": partial(_integer, 1, 10_000_000),
    "port": partial(_integer, 0, 65_535),
    "workers": partial(_integer, 1, 64),
    "client_timeout": partial(_integer, 1, 86_400),
    "max_results": partial(_integer, 1, 2**61),
    "max_counted": partial(_integer, 1, 2**61),
    "max_instance_bytes": partial(_integer, 1, 2**62),
    "max_request_bytes": partial(_integer, 1, 2**62),
    "max_metadata_bytes": partial(_integer, 1, 2**30),
    "decision_ttl": partial(_integer, 0, 86_400),
    "decision_url": _url,
    "force": _switch,
    "base_path": _base_path,
    "public_url": _url,
    "cors_origins": _origins,
}


def _convert(name: str, value: Any, source: str) -> Any:
    """Return the value of a setting in its type."""
    try:
        return _CONVERTERS.get(name, str)(value)
    except (ValueError, KeyError, TypeError) as error:
        choice = _CONVERTERS.get(name)
        choices = choice if isinstance(choice, type) and issubclass(choice, StrEnum) else ()
        known = f"; known are {', '.join(choices)}" if choices else ""
        raise SettingsError(f"{source}: {name}={value!r} cannot be used{known} ({error})") from None


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    return {name.replace("-", "_"): value for name, value in document.items()}


def load_settings(
    arguments: Mapping[str, Any], environment: Mapping[str, str] = os.environ, toml: Path | None = None
) -> Settings:
    """Return the settings of all sources together; raises SettingsError.

    `arguments` holds what was given on the command line, without what was not.
    """
    names = {each.name for each in fields(Settings)}
    values: dict[str, Any] = {}
    sources: list[tuple[str, dict[str, Any]]] = []
    if toml is not None:
        sources.append((str(toml), _from_toml(toml)))
    prefix = "PHANTOM_"
    from_environment = {
        name[len(prefix) :].lower(): value for name, value in environment.items() if name.startswith(prefix)
    }
    sources.append(("environment", {k: v for k, v in from_environment.items() if k in names}))
    sources.append(("command line", dict(arguments)))
    for source, given in sources:
        for name, value in given.items():
            if name not in names:
                raise SettingsError(
                    f"{source}: there is no setting {name!r}; there are {', '.join(sorted(names))}"
                )
            values[name] = _convert(name, value, source)
    if "data" not in values:
        raise SettingsError("data is missing: give --data DIR, PHANTOM_DATA or data in the TOML file")
    provider = [name for name in OIDC if values.get(name)]
    if provider and len(provider) < len(OIDC):
        raise SettingsError(f"{', '.join(OIDC)} belong together; given is only {', '.join(provider)}")
    return Settings(**values)
