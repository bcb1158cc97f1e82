"""A manifest is read as it was written, keeps to its schema, and is refused with advice when it is wrong."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import datasets
from datasets.manifest import Manifest, ManifestError

SCHEMA = json.loads((Path(datasets.__file__).parent / "manifest.schema.json").read_text(encoding="utf-8"))


def document(manifest: Manifest) -> Any:
    return json.loads((manifest.root / "manifest.json").read_text(encoding="utf-8"))


def test_reading_gives_what_was_written(tiny: Manifest) -> None:
    assert Manifest.read(tiny.root) == tiny


def test_writing_what_was_read_gives_the_same_bytes(tiny: Manifest, tmp_path: Path) -> None:
    replace(Manifest.read(tiny.root), root=tmp_path).write()
    assert (tmp_path / "manifest.json").read_bytes() == (tiny.root / "manifest.json").read_bytes()


def test_the_document_keeps_to_the_schema_and_sorts_its_keys(tiny: Manifest) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document(tiny), SCHEMA)
    assert list(document(tiny)) == sorted(document(tiny))


def test_an_empty_data_set_is_a_manifest_too(tiny: Manifest, tmp_path: Path) -> None:
    empty = replace(tiny, studies=(), root=tmp_path)
    empty.write()
    assert Manifest.read(tmp_path) == empty


def _instance(found: Any) -> Any:
    return found["studies"][0]["series"][0]["instances"][0]


def _put(name: str, value: object) -> Callable[[Any], None]:
    return lambda found: _instance(found).__setitem__(name, value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda found: found.update(schema="dicomweb-phantom/manifest/2"),
            "has schema 'dicomweb-phantom/manifest/2'",
        ),
        (lambda found: found.pop("schema"), "has schema None"),
        (lambda found: found.pop("people"), "manifest has no people"),
        (lambda found: found.update(seed="1"), "manifest.seed is not an integer"),
        (lambda found: found.update(seed=True), "manifest.seed is not an integer"),
        (lambda found: found.update(studies={}), "manifest.studies is not a list"),
        (lambda found: found.update(studies=[7]), r"manifest.studies\[0\] is not an object"),
        (lambda found: found["people"]["users"][0].update(roles="all"), "roles is not a list of strings"),
        (
            lambda found: found["people"]["shares"][0].update(subject_kind="dog"),
            "'dog' is not a valid SubjectKind",
        ),
        (lambda found: _instance(found).pop("sha256"), r"instances\[0\] has no sha256"),
        (_put("path", 5), r"instances\[0\].path is not a string"),
        (_put("path", "../secret.dcm"), "leads out of the folder"),
        (_put("path", "/etc/secret.dcm"), "leads out of the folder"),
    ],
)
def test_a_damaged_manifest_is_refused(
    tiny: Manifest, tmp_path: Path, damage: Callable[[Any], object], message: str
) -> None:
    found = document(tiny)
    damage(found)
    (tmp_path / "manifest.json").write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b"3"])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ManifestError, match=r"manifest\.json"):
        Manifest.read(tmp_path)


def test_a_missing_manifest_is_refused_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="python -m datasets"):
        Manifest.read(tmp_path)
