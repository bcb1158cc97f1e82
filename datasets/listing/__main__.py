"""`python -m datasets.listing --studies N --out DIR` writes the listing of a large synthetic archive.

The archive loads it with `python -m reference_server load`; docs/scale.md says what is synthetic about it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from datasets.draws import Draws
from datasets.listing.crowd import (
    DECK,
    ORGANIZATION,
    READING,
    STORERS,
    Held,
    Slice,
    facilities,
    grants_of_reader,
    grants_of_users,
    readers_of,
    tenures,
    users,
    view_of,
)
from datasets.listing.head import HEAD, SHARES, STUDIES, TEMPLATE, Head, Reader, Target
from datasets.listing.studies import line_of, recipe_of
from datasets.plans import StudyPlan, plan
from datasets.synthesis import SeriesWriter

TARGETS = 16


def main(arguments: list[str] | None = None) -> int:
    """Write what the command line asks for and return the exit code: 0 written, 2 not possible as asked."""
    asked = _parser().parse_args(arguments)
    smallest = Size(sum(DECK.values()), 1, STORERS * len(DECK), len(DECK))
    size = Size(asked.studies, asked.instances, asked.users, asked.grants)
    if any(given < least for given, least in zip(astuple(size), astuple(smallest), strict=True)):
        least = ", ".join(f"{name} {value}" for name, value in asdict(smallest).items())
        print(f"datasets.listing: too small for its facilities; the least are {least}", file=sys.stderr)
        return 2
    if (asked.out / HEAD).exists():
        print(f"datasets.listing: {asked.out} holds a listing; choose a new folder", file=sys.stderr)
        return 2
    try:
        head = write_listing(asked.out, size, asked.seed)
    except OSError as error:
        print(f"datasets.listing: {error}", file=sys.stderr)
        return 2
    print(
        f"{head.studies:,} studies, {head.instances:,} instances, {len(head.users):,} users and "
        f"{head.shares:,} grants are listed in {asked.out}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m datasets.listing", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--studies", type=int, required=True, metavar="N", help="how many studies")
    parser.add_argument(
        "--instances", type=int, default=10, metavar="N", help="of each study, in one series (default: 10)"
    )
    parser.add_argument("--users", type=int, default=1000, metavar="N", help="besides the readers")
    parser.add_argument("--grants", type=int, default=100, metavar="N", help="of each user and reader")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed, other data")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to fill")
    return parser


@dataclass(frozen=True, slots=True)
class Size:
    """How large the archive is: studies, instances of each, users, and grants of each user."""

    studies: int
    instances: int
    users: int
    grants: int


def write_listing(out: Path, size: Size, seed: int) -> Head:
    """Write a listing and return its head; the same arguments give the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    studies = size.studies
    plans = plan(recipe_of(studies, size.instances), seed)
    _write_template(plans[0], out)
    owned = list(tenures(studies, Draws("listing", seed, "tenures")))
    held = [Held(*tenure, study.uid) for study, tenure in zip(plans, owned, strict=True)]
    lines = (line_of(study, *tenure) for study, tenure in zip(plans, owned, strict=True))
    _write_lines(out / STUDIES, lines)
    targets = {study.uid: study for study in plans}
    readers = readers_of(studies)
    views = [(reader, view_of(reader, held)) for reader in readers]
    shares = _write_lines(out / SHARES, _shares(views, held, size, seed))
    sharer = next(study for study in held if study.repository == facilities()[0].name)
    own = [study for study in held if study.owner == sharer.owner]
    head = Head(
        seed=seed,
        studies=studies,
        instances=studies * size.instances,
        shares=shares,
        organizations=(ORGANIZATION,),
        facilities=facilities(),
        users=users(size.users, readers),
        readers=tuple(
            Reader(each.user, len(view) / studies, len(view), size.grants, _targets(view, targets))
            for each, view in views
        ),
        sharer=sharer.owner,
        sharers_repository=sharer.repository,
        sharers_targets=_targets(own, targets),
    )
    head.write(out)
    return head


def _shares(
    views: Iterable[tuple[Slice, Sequence[Held]]], held: Sequence[Held], size: Size, seed: int
) -> Iterator[dict[str, Any]]:
    of_users = grants_of_users(size.users, size.grants, held, Draws("listing", seed, "grants"))
    of_readers = (grants_of_reader(reader, view, size.grants) for reader, view in views)
    for grant in chain(of_users, *of_readers):
        yield {
            "user": grant.user,
            "repository": grant.repository,
            "study": grant.study_uid,
            "operations": list(READING),
            "granted_by": grant.granted_by,
        }


def _targets(view: Sequence[Held], plans: dict[str, StudyPlan]) -> tuple[Target, ...]:
    number = min(TARGETS, len(view))
    chosen = [plans[view[index * len(view) // number].study_uid] for index in range(number)]
    return tuple(
        Target(study.uid, study.series[0].uid, study.sop_uid(study.series[0], 1), study.patient.patient_id)
        for study in chosen
    )


def _write_template(study: StudyPlan, out: Path) -> None:
    """Keep the first instance of a study as the file that every instance takes its content from."""
    with tempfile.TemporaryDirectory() as folder:
        written = next(SeriesWriter(study, study.series[0], Path(folder)).write())
        (out / TEMPLATE).write_bytes((Path(folder) / written.path).read_bytes())


def _write_lines(path: Path, documents: Iterable[dict[str, Any]]) -> int:
    """Write one JSON document per line and return how many there were."""
    number = 0
    with path.open("wb") as file:
        for document in documents:
            file.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            number += 1
    return number


if __name__ == "__main__":
    sys.exit(main())
