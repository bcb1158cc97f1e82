"""Orthanc with its DICOMweb plugin as an arm (https://www.orthanc-server.com).

It runs with its defaults, alone on loopback, without DIMSE and with its data in a folder of its own;
`settings` of the plan go into its configuration. Version and configuration are in run.json.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.arms.arm import Arm, ArmUnreachableError
from scenarios.arms.process import ArchiveProcess, free_port

PLUGIN = "libOrthancDicomWeb.so"
PLUGIN_FOLDERS = (
    Path("/usr/share/orthanc/plugins"),
    Path("/usr/lib/orthanc"),
    Path("/usr/local/share/orthanc/plugins"),
)


@dataclass(slots=True)
class OrthancArm(Arm):
    """An Orthanc process of ours."""

    def prepare(self) -> None:
        """Write the configuration of an empty archive on a free port."""
        server, plugin = executable(), dicomweb_plugin()
        if server is None or plugin is None:
            raise ArmUnreachableError(
                f"arm {self.name}: Orthanc or its plugin {PLUGIN} is missing; "
                "on Debian or Ubuntu: apt-get install orthanc orthanc-dicomweb"
            )
        self.folder.mkdir(parents=True)
        port = free_port()
        self.origin = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.origin}/dicom-web"
        document = configuration(self.folder, port, plugin) | dict(self.plan.settings)
        (self.folder / "orthanc.json").write_text(json.dumps(document, indent=1), encoding="utf-8")

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = [executable() or "Orthanc", str(self.folder / "orthanc.json")]
        self.process = ArchiveProcess(command, self.folder, {}, self.folder.parent / f"{self.name}.log")
        system = self.process.answer(f"{self.origin}/system")
        if system is None:
            raise ArmUnreachableError(f"arm {self.name} did not start; it said: {self.process.said}")
        self.process.pin(self.cpu)
        told = system.json()
        self.settings = {
            "orthanc": told.get("Version"),
            "dicomweb_plugin": package_version("orthanc-dicomweb"),
            **self.plan.settings,
        }


def configuration(folder: Path, port: int, plugin: Path) -> dict[str, Any]:
    """Return Orthanc's defaults, but alone on loopback and with data in this folder."""
    return {
        "Name": "peer",
        "HttpPort": port,
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "Plugins": [str(plugin)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }


def executable() -> str | None:
    """Return where the server is; Debian puts it where the path of a user does not lead."""
    return shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")


def dicomweb_plugin() -> Path | None:
    """Return the DICOMweb plugin, if it is in one of the folders where packages put it."""
    return next((path for folder in PLUGIN_FOLDERS if (path := folder / PLUGIN).is_file()), None)


def package_version(package: str) -> str:
    """Return the upstream version of a Debian package, or `unpackaged`."""
    query = ["dpkg-query", "--show", "--showformat=${source:Upstream-Version}", package]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unpackaged"
    return done.stdout.partition("+dfsg")[0] if done.returncode == 0 else "unpackaged"
