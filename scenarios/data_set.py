"""A data set is a folder: one with a `manifest.json`, or any folder of DICOM files."""

from pathlib import Path

from datasets.manifest import Manifest, ManifestError
from datasets.own import manifest_of_folder


def open_data_set(folder: Path) -> Manifest:
    """Return the manifest in the folder, or one of the DICOM files in it; raises ManifestError."""
    if not folder.is_dir():
        raise ManifestError(f"{folder} is not a folder; give one with manifest.json or with DICOM files")
    if (folder / "manifest.json").is_file():
        return Manifest.read(folder)
    return manifest_of_folder(folder)
