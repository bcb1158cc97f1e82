"""The generator makes a data set from a recipe: plan, look at the disk, files, and last the manifest.

While it works, the folder holds a file `.unfinished` that names recipe and seed; an interrupted run may
be repeated into the same folder, because the same recipe and seed write the same bytes. The manifest is
written last: where it is, all is.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.uid import ExplicitVRLittleEndian

from datasets.draws import Draws
from datasets.manifest import InstanceRecord, Manifest, SeriesRecord, StudyRecord
from datasets.people import People, Share
from datasets.plans import SeriesPlan, StudyPlan, plan
from datasets.population import StudyNames, Tenure, populate, shares_of, tenure_of
from datasets.recipes import Recipe, RecipeError
from datasets.synthesis import SeriesWriter
from datasets.visibility import Place, visible_to

UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class Volume:
    """How much a recipe makes; bytes are estimated to within a few per cent."""

    studies: int
    series: int
    instances: int
    size_bytes: int


def volume_of(studies: tuple[StudyPlan, ...]) -> Volume:
    """Return how much a plan holds."""
    series = [each for study in studies for each in study.series]
    return Volume(
        len(studies), len(series), sum(s.instances for s in series), sum(s.size_bytes for s in series)
    )


def generate(
    recipe: Recipe, seed: int, root: Path, progress: Callable[[int], object] = lambda _instances: None
) -> Manifest:
    """Write the files and the manifest of a recipe below `root`; raises RecipeError before the first byte.

    `progress` is told the number of instances of each study that is done.
    """
    studies = plan(recipe, seed)
    _claim(root, f"{recipe.name} {recipe.instances} {seed}\n", volume_of(studies))
    people = populate(recipe.organizations, recipe.facilities_per_organization, recipe.users_per_facility)
    shares: list[Share] = []
    records = []
    for study in studies:
        draws = Draws(*study.names, "people")
        tenure = tenure_of(people, study.index, draws)
        own_shares = shares_of(people, tenure, _names(study), draws)
        shares.extend(own_shares)
        records.append(_write_study(study, tenure, people, own_shares, root))
        progress(study.instances)
    manifest = Manifest(
        recipe=recipe.name,
        seed=seed,
        people=replace(people, shares=tuple(shares)),
        studies=tuple(records),
        root=root,
        instances_scale=str(recipe.instances_scale),
        bytes_scales=tuple(sorted((share.modality, str(share.bytes_scale)) for share in recipe.mix)),
    )
    manifest.write()
    (root / UNFINISHED).unlink()
    return manifest


def _claim(root: Path, claim: str, volume: Volume) -> None:
    """Make the folder ours, or say why it cannot be."""
    marker = root / UNFINISHED
    if root.exists() and not root.is_dir():
        raise RecipeError(f"{root} is not a folder; choose another one")
    repeated = marker.is_file() and marker.read_text(encoding="utf-8") == claim
    if root.is_dir() and any(root.iterdir()) and not repeated:
        raise RecipeError(f"{root} is not empty; choose a new folder, or remove it yourself")
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    # A repeated run overwrites what it wrote before, so its need is less than the volume.
    if not repeated and free < volume.size_bytes:
        raise RecipeError(
            f"{root} has {free / 1e9:.1f} GB free, but the data set takes {volume.size_bytes / 1e9:.1f} GB; "
            "choose a smaller recipe or another disk"
        )
    marker.write_text(claim, encoding="utf-8")


def _names(study: StudyPlan) -> StudyNames:
    return StudyNames(
        study.index,
        study.uid,
        tuple(
            (each.uid, tuple(study.sop_uid(each, number) for number in range(1, each.instances + 1)))
            for each in study.series
        ),
    )


def _write_study(
    study: StudyPlan, tenure: Tenure, people: People, shares: tuple[Share, ...], root: Path
) -> StudyRecord:
    return StudyRecord(
        study_uid=study.uid,
        patient_id=study.patient.patient_id,
        patient_name=study.patient.name,
        study_date=f"{study.day:%Y%m%d}",
        accession_number=study.accession_number,
        facility=tenure.facility.name,
        owner=tenure.owner,
        series=tuple(
            SeriesRecord(
                series_uid=series.uid,
                modality=series.modality,
                series_number=series.index + 1,
                instances=tuple(_write_series(study, series, root, _Audience(people, tenure, shares))),
            )
            for series in study.series
        ),
    )


@dataclass(frozen=True, slots=True)
class _Audience:
    """Those who may see an instance of one study."""

    people: People
    tenure: Tenure
    shares: tuple[Share, ...]

    def of(self, study_uid: str, series_uid: str, sop_uid: str) -> tuple[str, ...]:
        place = Place(self.tenure.facility.name, study_uid, series_uid, sop_uid)
        return visible_to(self.people, self.shares, place)


def _write_series(
    study: StudyPlan, series: SeriesPlan, root: Path, audience: _Audience
) -> Iterator[InstanceRecord]:
    writer = SeriesWriter(study, series, root)
    for written in writer.write():
        yield InstanceRecord(
            sop_instance_uid=written.sop_instance_uid,
            sop_class_uid=writer.sop_class_uid,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            instance_number=written.instance_number,
            frames=series.frames,
            path=written.path,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            visible_to=audience.of(study.uid, series.uid, written.sop_instance_uid),
        )
