"""A plan is a data set before its bytes: patients, studies and series with every drawn size and name.

Planning is separate from writing, so that the volume is known before the first byte reaches the disk.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import isqrt

from datasets.draws import Draws
from datasets.quantiles import STUDIES_PER_PATIENT, quantiles_of
from datasets.recipes import Recipe
from datasets.uids import uid_of
from datasets.vocabulary import (
    BODY_PARTS,
    FAMILY_NAMES,
    GIVEN_NAMES,
    INTERNATIONAL_NAMES,
    MIDDLE_NAMES,
    PHYSICIANS,
    PREFIXES,
    SERIES_WORDS,
)

FIRST_DAY = date(2016, 1, 4)
DAYS = 9 * 365
SMALLEST_SIDE = 64  # holds the bar code that tells one image from another
HEADER_BYTES = 2048  # an estimate, for the volume only


@dataclass(frozen=True, slots=True)
class Patient:
    """Who was examined."""

    patient_id: str
    name: str
    birth_date: date
    sex: str


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One series: its instances share everything but identity, position and noise."""

    index: int
    uid: str
    modality: str
    description: str
    instances: int
    frames: int  # 0 where there are no pixels
    rows: int
    columns: int
    color: bool

    @property
    def size_bytes(self) -> int:
        """Return about how many bytes the series takes."""
        per_pixel = (3 if self.color else 1) if self.modality == "US" else 2
        return self.instances * (HEADER_BYTES + self.frames * self.rows * self.columns * per_pixel)


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One study of one patient; `names` lead to its UIDs."""

    index: int
    names: tuple[str, int, int]
    uid: str
    patient: Patient
    day: date
    time: str
    accession_number: str
    body_part: str
    referring_physician: str
    modality: str
    series: tuple[SeriesPlan, ...]

    @property
    def description(self) -> str:
        """Return what was examined, and how."""
        return f"{self.modality} {self.body_part}"

    @property
    def instances(self) -> int:
        """Return how many instances the study has."""
        return sum(series.instances for series in self.series)

    def sop_uid(self, series: SeriesPlan, number: int) -> str:
        """Return the SOP Instance UID of an instance, numbered from 1."""
        return uid_of(*self.names, series.index, number)


def plan(recipe: Recipe, seed: int) -> tuple[StudyPlan, ...]:
    """Return the studies of a recipe; the same recipe and seed give the same plan."""
    patients = _patients(recipe, Draws(recipe.name, seed, "patients"))
    deals = Draws(recipe.name, seed, "deck")
    deck: list[str] = []
    studies = []
    for index, (patient, day) in enumerate(patients):
        deck = deck or deals.shuffled(recipe.deck)
        studies.append(_study(recipe, (recipe.name, seed, index), deck.pop(), patient, day))
    return tuple(studies)


def _patients(recipe: Recipe, draws: Draws) -> list[tuple[Patient, date]]:
    """Return the patient and the day of every study; a patient's studies follow each other in time."""
    visits: list[tuple[Patient, date]] = []
    number = 0
    while len(visits) < recipe.studies:
        number += 1
        day = FIRST_DAY + timedelta(draws.below(DAYS))
        patient = _patient(number, day, draws)
        for _ in range(min(round(STUDIES_PER_PATIENT.at(draws.fraction())), recipe.studies - len(visits))):
            visits.append((patient, day))
            day += timedelta(draws.between(30, 500))
    return visits


def _patient(number: int, first_visit: date, draws: Draws) -> Patient:
    """Return an invented patient, at most 90 years old; one in eight has a name outside ASCII."""
    parts = [draws.pick(words) for words in (FAMILY_NAMES, GIVEN_NAMES, MIDDLE_NAMES, PREFIXES)]
    name = INTERNATIONAL_NAMES[number // 8 % len(INTERNATIONAL_NAMES)] if number % 8 == 0 else "^".join(parts)
    return Patient(
        patient_id=f"PH{number:07d}",
        name=name.rstrip("^"),
        birth_date=first_visit - timedelta(draws.between(365, 90 * 365)),
        sex=draws.pick("FM"),
    )


def _study(
    recipe: Recipe, names: tuple[str, int, int], modality: str, patient: Patient, day: date
) -> StudyPlan:
    index = names[-1]
    draws = Draws(*names, "study")
    if recipe.uniform_instances:
        series = _uniform_series(recipe, names, modality)
    else:
        series = _series(recipe, names, modality, draws)
    if recipe.report_every and index % recipe.report_every == 0:
        series.append(_report(names, len(series)))
    return StudyPlan(
        index=index,
        names=names,
        uid=uid_of(*names),
        patient=patient,
        day=day,
        time=f"{draws.between(7, 19):02d}{draws.below(60):02d}{draws.below(60):02d}",
        accession_number=f"A{day.year}{index:07d}",
        body_part=draws.pick(BODY_PARTS[modality]),
        referring_physician=draws.pick(PHYSICIANS),
        modality=modality,
        series=tuple(series),
    )


def _uniform_series(recipe: Recipe, names: tuple[str, int, int], modality: str) -> list[SeriesPlan]:
    """Return the series of a study of a uniform recipe; the instances are dealt to them in turn."""
    remaining = (recipe.instances or 0) - names[-1] * recipe.uniform_instances
    instances, number = min(recipe.uniform_instances, remaining), recipe.uniform_series
    side = SMALLEST_SIDE if modality == recipe.small_modality else recipe.uniform_side
    words = SERIES_WORDS[modality]
    return [
        SeriesPlan(
            index=index,
            uid=uid_of(*names, index),
            modality=modality,
            description=words[index % len(words)],
            instances=len(range(index, instances, number)),
            frames=1,
            rows=side,
            columns=side,
            color=False,
        )
        for index in range(min(number, instances))
    ]


def _report(names: tuple[str, int, int], index: int) -> SeriesPlan:
    uid = uid_of(*names, index)
    return SeriesPlan(index, uid, "SR", SERIES_WORDS["SR"][0], 1, frames=0, rows=0, columns=0, color=False)


def _series(recipe: Recipe, names: tuple[str, int, int], modality: str, draws: Draws) -> list[SeriesPlan]:
    """Draw the number of series, and the instances and bytes of each, from the modality's quantiles."""
    quantiles = quantiles_of(modality)
    number = _scaled(quantiles.series_per_study.at(draws.fraction()), Fraction(1))
    made = []
    for index in range(min(number, recipe.series_at_most or number)):
        instances = _scaled(quantiles.instances_per_series.at(draws.fraction()), recipe.instances_scale)
        size = _scaled(quantiles.bytes_per_instance.at(draws.fraction()), recipe.bytes_scale(modality))
        words = SERIES_WORDS[modality]
        frames, rows, columns, color = _multi_frame(size, draws) if modality == "US" else _square(size)
        description = words[index % len(words)]
        made.append(
            SeriesPlan(
                index, uid_of(*names, index), modality, description, instances, frames, rows, columns, color
            )
        )
    return made


def _scaled(drawn: float, scale: Fraction) -> int:
    """Return a draw times a scale, rounded, and never below one."""
    return max(1, int(drawn * scale.numerator / scale.denominator + 0.5))


def _square(size_bytes: int) -> tuple[int, int, int, bool]:
    """Return frames, rows, columns and colour of a 16-bit image of about that size."""
    side = max(SMALLEST_SIDE, (isqrt(size_bytes // 2) + 8) // 16 * 16)
    return 1, side, side, False


def _multi_frame(size_bytes: int, draws: Draws) -> tuple[int, int, int, bool]:
    """Return frames, rows, columns (4:3) and colour of an 8-bit image of about that size."""
    frames = draws.between(4, 12)
    color = draws.below(4) > 0
    samples = 3 if color else 1
    rows = max(SMALLEST_SIDE // 4 * 3, (isqrt(size_bytes * 3 // (4 * frames * samples)) + 6) // 12 * 12)
    return frames, rows, rows // 3 * 4, color
