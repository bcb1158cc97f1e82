"""The same recipe and seed give the same bytes, today and on every machine."""

import hashlib
from pathlib import Path

from datasets.draws import Draws
from datasets.generator import generate
from datasets.manifest import Manifest
from datasets.recipes import recipe_named
from datasets.uids import UID_LENGTH, uid_of

# A change of these bytes changes every number measured on them: say so in the changelog under Measurement.
GOLDEN_TINY_1 = "24249605272ceeb347bab04ad9889408879009b3cabbbd2db275474b050c0116"


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_a_second_run_writes_the_same_bytes(tiny: Manifest, tmp_path: Path) -> None:
    generate(recipe_named("tiny"), 1, tmp_path)
    assert digests(tmp_path) == digests(tiny.root)


def test_another_seed_writes_other_bytes_everywhere(tiny: Manifest, tmp_path: Path) -> None:
    generate(recipe_named("tiny"), 2, tmp_path)
    assert not set(digests(tmp_path).values()) & set(digests(tiny.root).values())


def test_the_tiny_manifest_is_the_golden_one(tiny: Manifest) -> None:
    """The manifest holds the digest of every file, so this pins all bytes of the data set."""
    assert hashlib.sha256((tiny.root / "manifest.json").read_bytes()).hexdigest() == GOLDEN_TINY_1


def test_the_manifest_names_every_file_by_size_and_digest(tiny: Manifest) -> None:
    found = digests(tiny.root)
    del found["manifest.json"]
    instances = [i for study in tiny.studies for series in study.series for i in series.instances]
    assert {i.path: i.sha256 for i in instances} == found
    assert all((tiny.root / i.path).stat().st_size == i.size_bytes for i in instances)


def test_uids_are_unique_and_of_one_length(tiny: Manifest) -> None:
    uids = [study.study_uid for study in tiny.studies]
    uids += [series.series_uid for study in tiny.studies for series in study.series]
    uids += [
        i.sop_instance_uid for study in tiny.studies for series in study.series for i in series.instances
    ]
    assert len(set(uids)) == len(uids)
    assert {len(uid) for uid in uids} == {UID_LENGTH}
    assert all(uid.startswith("2.25.") and int(uid[5:]) < 2**128 for uid in uids)


def test_a_uid_is_what_it_was() -> None:
    assert uid_of("tiny", 1, 0) != uid_of("tiny", 10)
    assert uid_of("a") == "2.25.41081254914058002978601050179556493499"


def test_draws_are_what_they_were() -> None:
    draws = Draws("golden", 1)
    assert [draws.below(1000) for _ in range(4)] == [11, 304, 458, 43]
    assert sorted(draws.shuffled(range(10))) == list(range(10))
