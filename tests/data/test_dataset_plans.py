"""Plans keep the shape of the quantiles that they are drawn from, times the scale of the recipe."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.generator import volume_of
from datasets.plans import StudyPlan, plan
from datasets.quantiles import STUDIES_PER_PATIENT, Quantiles, quantiles_of
from datasets.recipes import RECIPES, MixShare, RecipeError, recipe_named

PROBABILITIES = st.floats(0, 1, exclude_max=True)


@pytest.fixture(scope="module")
def medium() -> tuple[StudyPlan, ...]:
    return plan(recipe_named("medium"), 1)


@given(first=PROBABILITIES, second=PROBABILITIES, modality=st.sampled_from(["CT", "MR", "CR", "US", "PT"]))
def test_an_inverse_distribution_rises_and_stays_within_its_table(
    first: float, second: float, modality: str
) -> None:
    drawn = quantiles_of(modality).instances_per_series
    low, high = sorted((first, second))
    assert drawn.values[0] <= drawn.at(low) <= drawn.at(high) <= drawn.values[-1]


def test_an_inverse_distribution_meets_its_points_and_is_linear_between() -> None:
    drawn = Quantiles((0.1, 0.5, 0.9), (1.0, 3.0, 11.0))
    assert [drawn.at(p) for p in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)] == pytest.approx(
        [1, 1, 2, 3, 7, 11, 11]
    )


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_unscaled_series_have_the_median_and_the_tail_of_the_archive(modality: str) -> None:
    recipe = replace(
        recipe_named("medium"),
        mix=(MixShare(modality, 1, Fraction(1)),),
        instances_scale=Fraction(1),
        report_every=0,
    )
    sizes = sorted(series.instances for study in plan(recipe, 1) for series in study.series)
    table = quantiles_of(modality).instances_per_series
    for probability in (0.5, 0.75, 0.9):
        assert sizes[int(len(sizes) * probability)] == pytest.approx(table.at(probability), rel=0.15)


def test_scaled_series_keep_the_shape(medium: tuple[StudyPlan, ...]) -> None:
    sizes = sorted(e.instances for study in medium for e in study.series if e.modality == "MR")
    table = quantiles_of("MR").instances_per_series
    for probability in (0.5, 0.9):
        scaled = table.at(probability) * RECIPES["medium"].instances_scale
        assert sizes[int(len(sizes) * probability)] == pytest.approx(float(scaled), rel=0.2)


def test_full_size_ct_is_512_by_512(medium: tuple[StudyPlan, ...]) -> None:
    assert median(e.rows for study in medium for e in study.series if e.modality == "CT") == 512


def test_the_mix_of_modalities_is_exact_in_every_deck(medium: tuple[StudyPlan, ...]) -> None:
    deck = RECIPES["medium"].deck
    for start in range(0, len(medium), len(deck)):
        assert Counter(study.modality for study in medium[start : start + len(deck)]) == Counter(deck)


def test_patients_return_as_often_as_in_the_archive(medium: tuple[StudyPlan, ...]) -> None:
    visits = sorted(Counter(study.patient.patient_id for study in medium).values())
    assert median(visits) == STUDIES_PER_PATIENT.at(0.5)
    assert visits[int(len(visits) * 0.9)] == STUDIES_PER_PATIENT.at(0.9)
    assert max(visits) > STUDIES_PER_PATIENT.at(0.9)


def test_a_patient_is_examined_in_the_order_of_time_and_after_birth(medium: tuple[StudyPlan, ...]) -> None:
    for earlier, later in pairwise(medium):
        if earlier.patient == later.patient:
            assert earlier.day < later.day
        assert earlier.patient.birth_date < earlier.day


def test_accession_numbers_are_unique_and_fit(medium: tuple[StudyPlan, ...]) -> None:
    numbers = [study.accession_number for study in medium]
    assert len(set(numbers)) == len(numbers)
    assert max(map(len, numbers)) <= 16


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "large"])
@pytest.mark.parametrize("seed", [1, 7])
def test_a_recipe_has_the_size_that_its_summary_names(name: str, seed: int) -> None:
    bounds = {
        "tiny": (35, 65, 5e6),
        "small": (1_800, 3_000, 800e6),
        "medium": (20_000, 28_000, 8e9),
        "hospital": (150, 350, 60e6),
        "research": (250, 900, 60e6),
        "uniform-500k": (1_000, 1_000, 510e6),
        "peers-small": (2_400, 2_400, 706e6),
        "peers-scale": (20_000, 20_000, 205e6),
    }
    least, most, size_bytes = bounds[name]
    volume = volume_of(plan(recipe_named(name), seed))
    assert least <= volume.instances <= most
    assert volume.size_bytes <= size_bytes


def test_every_modality_occurs_in_the_smallest_data_set() -> None:
    found = {series.modality for study in plan(recipe_named("tiny"), 1) for series in study.series}
    assert found == {"CT", "MR", "CR", "US", "PT", "SR"}


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(RecipeError, match="there is no recipe 'none'"):
        recipe_named("none")
