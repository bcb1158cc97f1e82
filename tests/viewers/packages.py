"""The viewers, as npm packages of one exact content: fetched once, checked, unpacked and kept."""

import base64
import hashlib
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

KEPT = Path(__file__).resolve().parents[2] / "build" / "viewers"


class WrongContentError(Exception):
    """A package is not the one that is named here."""


@dataclass(frozen=True, slots=True)
class Package:
    """An npm package, its version, and the SHA-512 of its archive as the registry publishes it."""

    name: str
    version: str
    sha512: str

    @property
    def folder(self) -> Path:
        """Where the package lies once it is unpacked."""
        return KEPT / f"{self.name.replace('/', '-').lstrip('@')}-{self.version}"


DICOM_PARSER = Package(
    "dicom-parser",
    "1.8.21",
    "lYCweHQDsC8UFpXErPlg86Px2A8bay0HiUY+wzoG3xv5GzgqVHU3lziwSc/Gzn7VV7y2KeP072SzCviuOoU02w==",
)
CORNERSTONE = Package(
    "cornerstone-core",
    "2.6.1",
    "LAXjXwNnK2W65ZxpE7phVLjbijkYUrAQIGv5xqKjK8+dmIGlBxqvPHnyGwEqVDyKOWVrpXP6ymUPwrGGRwzgMg==",
)
DICOMWEB_CLIENT = Package(
    "dicomweb-client",
    "0.11.3",
    "7t1Rc/01fyFnKlQeNPW9Pvxvmsx8R/BgB2n7BxTuWirRFwlTC5upEeLeS3vO72P+n6/SQZ3+5ij0bgaWDHQG/A==",
)
IMAGE_LOADER = Package(
    "cornerstone-wado-image-loader",
    "4.13.2",
    "NGqH44bY1VMY8OYuVykkLriNtZQrmoZU/S6f/1t1xX3rMc+WUMNN+yi4Nu3jp6nckLdH/bVGiigoJXrp0dTrAg==",
)
OHIF = Package(
    "@ohif/app",
    "3.13.2",
    "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA==",
)


def unpacked(package: Package) -> Path:
    """Return the folder of the package, fetched with `npm pack` if it is not there yet.

    A content other than the one named here raises WrongContentError, and nothing of it is unpacked.
    """
    folder = package.folder
    if folder.is_dir():
        return folder
    KEPT.mkdir(parents=True, exist_ok=True)
    command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    printed = subprocess.run(command, cwd=KEPT, check=True, capture_output=True, text=True).stdout
    archive = KEPT / printed.strip()
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.sha512:
        raise WrongContentError(f"{package.name} {package.version} has SHA-512 {digest}")
    part = folder.with_suffix(".part")
    with tarfile.open(archive) as content:
        content.extractall(part, filter="data")
    (part / "package").rename(folder)
    part.rmdir()
    archive.unlink()
    return folder
