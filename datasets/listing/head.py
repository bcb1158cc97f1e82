"""A listing says what a large archive holds, who is in it and who may see what, without its files.

A listing is a folder of four files: `listing.json` (this module), `template.dcm` (the one DICOM file that
lends its content to every instance), `studies.jsonl` and `shares.jsonl`. `listing.json` is written last:
where it is, all is.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from datasets.json_fields import Fields
from datasets.manifest import ManifestError
from datasets.people import Facility, User

SCHEMA = "dicomweb-phantom/listing/1"
HEAD, TEMPLATE, STUDIES, SHARES = "listing.json", "template.dcm", "studies.jsonl", "shares.jsonl"


@dataclass(frozen=True, slots=True)
class Target:
    """A study that a reader may see, with one of its instances and its patient: something to ask for."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    patient_id: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A user whose view has a known size: it sees `studies` of the archive's, through `grants` of its own."""

    user: str
    selectivity: float
    studies: int
    grants: int
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What `listing.json` says; `sharer` is a user who may share the studies of `sharers_targets`."""

    seed: int
    studies: int
    instances: int
    shares: int
    organizations: tuple[str, ...]
    facilities: tuple[Facility, ...]
    users: tuple[User, ...]
    readers: tuple[Reader, ...]
    sharer: str
    sharers_repository: str
    sharers_targets: tuple[Target, ...]

    def write(self, folder: Path) -> None:
        """Write `listing.json`, as a whole or not at all."""
        partial = folder / f"{HEAD}.partial"
        partial.write_text(json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n", encoding="utf-8")
        partial.replace(folder / HEAD)

    @classmethod
    def read(cls, folder: Path) -> "Head":
        """Read `listing.json`; a missing, malformed or unknown-version file raises ManifestError."""
        source = folder / HEAD
        try:
            return _head(Fields(json.loads(source.read_bytes()), HEAD))
        except FileNotFoundError:
            raise ManifestError(f"{source} is missing; make one with python -m datasets.listing") from None
        except (OSError, ValueError, TypeError) as error:
            raise ManifestError(f"{source} cannot be used: {error}; make it anew") from error


def _head(fields: Fields) -> Head:
    if fields.text("schema") != SCHEMA:
        raise ValueError(f"its schema is {fields.text('schema')!r}, this version reads {SCHEMA!r}")
    return Head(
        seed=fields.number("seed"),
        studies=fields.number("studies"),
        instances=fields.number("instances"),
        shares=fields.number("shares"),
        organizations=fields.texts("organizations"),
        facilities=fields.each("facilities", lambda f: Facility(f.text("name"), f.text("organization"))),
        users=fields.each("users", lambda f: User(f.text("name"), f.texts("facilities"), f.texts("roles"))),
        readers=fields.each("readers", _reader),
        sharer=fields.text("sharer"),
        sharers_repository=fields.text("sharers_repository"),
        sharers_targets=fields.each("sharers_targets", _target),
    )


def _reader(fields: Fields) -> Reader:
    return Reader(
        user=fields.text("user"),
        selectivity=fields.fraction("selectivity"),
        studies=fields.number("studies"),
        grants=fields.number("grants"),
        targets=fields.each("targets", _target),
    )


def _target(fields: Fields) -> Target:
    return Target(
        fields.text("study_uid"),
        fields.text("series_uid"),
        fields.text("sop_instance_uid"),
        fields.text("patient_id"),
    )
