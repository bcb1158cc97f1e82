"""Orthanc with its DICOMweb plugin, as Debian packages them: https://www.orthanc-server.com."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from scenarios.arms.orthanc import PLUGIN, configuration, dicomweb_plugin, executable, package_version
from scenarios.arms.process import free_port
from tests.peers.peer import MissingPeerError, Peer, Program

PACKAGES = ("orthanc", "orthanc-dicomweb")
POLICY = Path("/usr/sbin/policy-rc.d")  # Debian's way to keep a package from starting its service


def find() -> str:
    """Return the versions of Orthanc and its plugin, installed if this is root's Debian."""
    if not installed():
        apt = shutil.which("apt-get")
        if apt is None or os.geteuid() != 0:
            raise MissingPeerError(
                f"Orthanc or {PLUGIN} is missing; "
                f"as root on Debian or Ubuntu: apt-get install {' '.join(PACKAGES)}"
            )
        install(apt)
    return f"Orthanc {package_version('orthanc')}, DICOMweb plugin {package_version('orthanc-dicomweb')}"


def installed() -> bool:
    """Tell whether the server and the plugin are there."""
    return executable() is not None and dicomweb_plugin() is not None


def install(apt: str) -> None:
    """Install the packages without starting their service; that apt refuses is a MissingPeerError."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with services_stay_down():
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                [apt, *arguments], env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise MissingPeerError(f"apt-get {' '.join(arguments)} failed: {done.stderr.strip()}")
    if not installed():
        raise MissingPeerError(f"{' '.join(PACKAGES)} are installed, and there still is no {PLUGIN}")


@contextlib.contextmanager
def services_stay_down() -> Iterator[None]:
    """Deny all starts of services while packages are installed, unless this machine has its own policy."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def configure(folder: Path) -> Program:
    """Write the configuration: defaults, but alone on loopback and with data in this folder."""
    port = free_port()
    plugin = dicomweb_plugin()
    if plugin is None:
        raise MissingPeerError(f"there is no {PLUGIN}")
    document = configuration(folder, port, plugin)
    path = folder / "orthanc.json"
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    origin = f"http://127.0.0.1:{port}"
    command = (executable() or "Orthanc", str(path))
    return Program(command, f"{origin}/dicom-web", f"{origin}/wado", f"{origin}/system")


ORTHANC = Peer("orthanc", installed, find, configure)
