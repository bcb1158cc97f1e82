"""A recipe says how much to make, of what, and how far below the sizes of a real archive to stay.

Counts and sizes are drawn from the quantiles of a real archive and multiplied by the scales below, so the
shape of the distributions is kept while the volume fits a disk. Scales are in the manifest: who reads a
result can see them.
"""

from dataclasses import dataclass
from fractions import Fraction


class RecipeError(Exception):
    """A data set cannot be made as asked; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class MixShare:
    """A modality's share of a deck of studies, and the scale of the bytes of its instances."""

    modality: str
    studies_per_deck: int
    bytes_scale: Fraction


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a data set is made of.

    Studies are dealt from shuffled decks, so that every deck holds the mix exactly. With
    `uniform_instances` each study is one series of that many instances (the last may have fewer) of
    `uniform_side` squared 16-bit pixels.
    """

    name: str
    summary: str
    studies: int
    mix: tuple[MixShare, ...]
    instances_scale: Fraction = Fraction(1)
    series_at_most: int | None = None
    organizations: int = 3
    facilities_per_organization: int = 2
    users_per_facility: int = 3
    report_every: int = 3  # one study in so many has a structured report
    uniform_instances: int = 0
    uniform_side: int = 0
    uniform_series: int = 1  # the instances of a study are dealt to so many series
    small_modality: str = ""  # its images have 64 rows and columns instead
    instances: int | None = None  # in total; for uniform recipes only

    @property
    def deck(self) -> tuple[str, ...]:
        """Return the modalities of one deck of studies."""
        return tuple(share.modality for share in self.mix for _ in range(share.studies_per_deck))

    def bytes_scale(self, modality: str) -> Fraction:
        """Return the scale of the bytes of an instance of this modality."""
        return next(share.bytes_scale for share in self.mix if share.modality == modality)


_TINY_MIX = (
    MixShare("CT", 4, Fraction(1, 16)),
    MixShare("MR", 3, Fraction(1, 8)),
    MixShare("CR", 3, Fraction(1, 128)),
    MixShare("US", 2, Fraction(1, 256)),
    MixShare("PT", 1, Fraction(1, 4)),
)
_MIX = (
    MixShare("CT", 6, Fraction(1)),
    MixShare("MR", 5, Fraction(1, 3)),
    MixShare("CR", 5, Fraction(1, 12)),
    MixShare("US", 3, Fraction(1, 32)),
    MixShare("PT", 1, Fraction(1)),
)
# The examinations of a health service: NHS England 2013-14, X-ray 54 %, US 23 %, CT 12 %, MR 6 %, others 5 %.
_CLINICAL_MIX = (
    MixShare("CR", 11, Fraction(1, 64)),
    MixShare("US", 5, Fraction(1, 64)),
    MixShare("CT", 2, Fraction(1, 4)),
    MixShare("MR", 1, Fraction(1, 4)),
    MixShare("PT", 1, Fraction(1)),
)
_SCALE = Fraction(1, 14)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "tiny",
            "13 studies, about 40 small instances of every modality, 3 MB; for tests and a first look",
            studies=13,
            mix=_TINY_MIX,
            instances_scale=Fraction(1, 100),
            series_at_most=3,
            organizations=2,
        ),
        Recipe(
            "small", "80 studies, about 2,400 instances, 0.6 GB", studies=80, mix=_MIX, instances_scale=_SCALE
        ),
        Recipe(
            "medium",
            "800 studies, about 24,000 instances, 7 GB",
            studies=800,
            mix=_MIX,
            instances_scale=_SCALE,
        ),
        Recipe(
            "large",
            "8,000 studies, about 240,000 instances, 70 GB",
            studies=8000,
            mix=_MIX,
            instances_scale=_SCALE,
            organizations=6,
        ),
        Recipe(
            "hospital",
            "60 studies in the mix of a health service, about 230 small instances, 50 MB",
            studies=60,
            mix=_CLINICAL_MIX,
            instances_scale=Fraction(1, 40),
        ),
        Recipe(
            "research",
            "40 studies from the quantiles of a research archive, 300 to 800 instances, 45 MB",
            studies=40,
            mix=tuple(MixShare(each.modality, each.studies_per_deck, each.bytes_scale / 4) for each in _MIX),
            instances_scale=Fraction(1, 28),
        ),
        Recipe(
            "uniform-500k",
            "every file 500 kB of CT, 50 to a study; --instances says how many (1,000 unless told)",
            studies=20,
            mix=(MixShare("CT", 1, Fraction(1)),),
            report_every=0,
            uniform_instances=50,
            uniform_side=500,
            instances=1000,
        ),
        Recipe(
            "peers-small",
            "80 studies of three series of ten images, 44 of CT of 526 kB and 36 of small MR, 0.7 GB",
            studies=80,
            mix=(MixShare("CT", 11, Fraction(1)), MixShare("MR", 9, Fraction(1))),
            report_every=0,
            uniform_instances=30,
            uniform_side=512,
            uniform_series=3,
            small_modality="MR",
            instances=2400,
        ),
        Recipe(
            "peers-scale",
            "2,000 studies of ten small images of MR, 0.2 GB",
            studies=2000,
            mix=(MixShare("MR", 1, Fraction(1)),),
            report_every=0,
            uniform_instances=10,
            uniform_side=64,
            instances=20_000,
        ),
    )
}


def recipe_named(name: str) -> Recipe:
    """Return the recipe of that name; raises RecipeError with the names that exist."""
    try:
        return RECIPES[name]
    except KeyError:
        raise RecipeError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}") from None
