"""A listing as the archive reads it: people, studies line by line, and shares (`dicomweb-phantom/listing/1`).

Whoever writes one says in `listing.json` how many of each there are; fewer or more than that is an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from reference_server.accounting.policy import Operation
from reference_server.dicomweb.dicom_json import Json
from reference_server.management.letters import operations_of
from reference_server.settings import SettingsError

SCHEMA = "dicomweb-phantom/listing/1"


@dataclass(frozen=True, slots=True)
class ListedStudy:
    """A study: whose it is, and DICOM JSON of its attributes and of each series with the UIDs in it."""

    repository: str
    owner: str
    attributes: Json
    series: list[tuple[Json, list[str]]]


@dataclass(frozen=True, slots=True)
class ListedShare:
    """A share of a study with a user; of the whole repository, if it names no study."""

    user: str
    repository: str
    study_uid: str | None
    operations: Operation
    granted_by: str | None


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A user, the facilities it is a member of, and its roles."""

    name: str
    facilities: list[str]
    roles: list[str]


class Listing:
    """A folder with `listing.json`, `template.dcm`, `studies.jsonl` and `shares.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.template = folder / "template.dcm"
        try:
            head = orjson.loads((folder / "listing.json").read_bytes())
            if head["schema"] != SCHEMA:
                raise SettingsError(f"{folder} has schema {head['schema']!r}; this version reads {SCHEMA!r}")
            self.studies, self.shares = int(head["studies"]), int(head["shares"])
            self.organizations: list[str] = head["organizations"]
            self.facilities = [(each["name"], each["organization"]) for each in head["facilities"]]
            self.users = [ListedUser(u["name"], u["facilities"], u["roles"]) for u in head["users"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{folder} holds no usable listing.json: {error!r}") from None

    def each_study(self) -> Iterator[ListedStudy]:
        """Yield the studies in the order in which they are to arrive."""
        for line in self._lines("studies.jsonl", self.studies):
            yield ListedStudy(
                line["repository"],
                line["owner"],
                line["attributes"],
                [(series["attributes"], series["instances"]) for series in line["series"]],
            )

    def each_share(self) -> Iterator[ListedShare]:
        """Yield the shares in the order in which they are to be issued."""
        for line in self._lines("shares.jsonl", self.shares):
            yield ListedShare(
                line["user"],
                line["repository"],
                line["study"],
                operations_of(line["operations"]),
                line["granted_by"],
            )

    def _lines(self, name: str, expected: int) -> Iterator[dict[str, Any]]:
        number = 0
        with (self._folder / name).open("rb") as file:
            for line in file:
                number += 1
                yield orjson.loads(line)
        if number != expected:
            raise SettingsError(f"{self._folder / name} has {number} lines, listing.json says {expected}")
