"""The crowd of a listing: facilities of unequal size, many users with grants, readers of known selectivity.

Each deck of a hundred studies holds 50 of the facility `central`, one of `district` and seven of each of
seven clinics, so that what a member of a facility sees is an exact share of the archive, whatever its size. A
facility owns its studies by one grant on each, as it does when they arrive by STOW.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datasets.draws import Draws
from datasets.people import Facility, User

DECK = {"central": 50, "district": 1, **{f"clinic-{number}": 7 for number in range(1, 8)}}
DECK_SIZE = sum(DECK.values())
STORERS = 3  # of each facility's users, those who store
ORGANIZATION = "region"
READING = "QR"


@dataclass(frozen=True, slots=True)
class Held:
    """A study as far as sharing is concerned."""

    repository: str
    owner: str
    study_uid: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A share for reading; without a study it is on the whole repository, and an administrator's."""

    user: str
    repository: str
    study_uid: str | None
    granted_by: str | None


@dataclass(frozen=True, slots=True)
class Slice:
    """A reader before its targets are known: what part it sees, and of whose studies."""

    user: str
    facilities: tuple[str, ...]
    selectivity: float


READERS = (
    Slice("reader-of-few", (), 0.0001),
    Slice("reader-of-district", ("district",), 0.01),
    Slice("reader-of-half", ("central",), 0.5),
    Slice("reader-of-all", (), 1.0),
)


def facilities() -> tuple[Facility, ...]:
    """Return the facilities, all of one organization."""
    return tuple(Facility(name, ORGANIZATION) for name in DECK)


def readers_of(studies: int) -> tuple[Slice, ...]:
    """Return the readers whose share of so many studies is a study at least."""
    return tuple(reader for reader in READERS if studies * reader.selectivity >= 1)


def users(number: int, readers: Sequence[Slice] = ()) -> tuple[User, ...]:
    """Return that many users, spread evenly over the facilities, and the readers."""
    names = list(DECK)
    each = [(names[index % len(names)], index // len(names) + 1) for index in range(number)]
    crowd = [User(f"{facility}-{turn:04d}", (facility,)) for facility, turn in each]
    return (*crowd, *(User(reader.user, reader.facilities) for reader in readers))


def tenures(studies: int, draws: Draws) -> Iterator[tuple[str, str]]:
    """Yield the repository and the owner of each study."""
    deck: list[str] = []
    for index in range(studies):
        deck = deck or draws.shuffled([name for name, share in DECK.items() for _ in range(share)])
        facility = deck.pop()
        yield facility, f"{facility}-{index % STORERS + 1:04d}"


def grants_of_users(number: int, each: int, held: Sequence[Held], draws: Draws) -> Iterator[Grant]:
    """Yield the grants of the crowd: each user may read that many studies, drawn from the whole archive."""
    for user in users(number):
        chosen = {draws.below(len(held)) for _ in range(each)}
        while len(chosen) < min(each, len(held)):
            chosen.add(draws.below(len(held)))
        for index in sorted(chosen):
            yield _grant(user.name, held[index])


def view_of(reader: Slice, held: Sequence[Held]) -> list[Held]:
    """Return the studies that a reader sees, in the order of the listing."""
    if reader.facilities:
        return [study for study in held if study.repository in reader.facilities]
    number = round(len(held) * reader.selectivity)
    return [held[index * len(held) // number] for index in range(number)]


def grants_of_reader(reader: Slice, view: Sequence[Held], each: int) -> Iterator[Grant]:
    """Yield exactly that many grants, none of which widens what the reader sees.

    A reader of fewer studies than it has grants holds several on each of them.
    """
    whole = list(DECK) if reader.selectivity == 1.0 else []
    for repository in whole[:each]:
        yield Grant(reader.user, repository, None, None)
    for turn in range(each - len(whole)):
        spread = min(each, len(view))
        yield _grant(reader.user, view[turn % spread * len(view) // spread])


def _grant(user: str, study: Held) -> Grant:
    return Grant(user, study.repository, study.study_uid, study.owner)
