"""tiny-pacs with its DICOMweb front end, as PyPI has them: https://github.com/blanebf/tiny_pacs.

It lives in a virtual environment of its own, built from the hashed requirements/peers.txt. It refuses stores
with `database is locked` when two arrive at once, which `stow/atomicity` sees; so that this does not spoil
every other check, checks run one at a time.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from tests.conformance.reference_archive import ROOT, free_port
from tests.peers.peer import MissingPeerError, Peer, Program

REQUIREMENTS = ROOT / "requirements" / "peers.txt"
ENVIRONMENT = ROOT / "build" / "peers" / "tiny-pacs"
PYTHON = ENVIRONMENT / "bin" / "python"
COMPLETE = ENVIRONMENT / "requirements.sha256"  # written last
VERSIONS = "from importlib.metadata import version as v; print(v('tiny-pacs'), v('tiny-pacs-dicomweb'))"


def find() -> str:
    """Return the versions of tiny-pacs and its front end, installed unless they are the pinned ones."""
    if not installed():
        carry_out(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
        carry_out(str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(REQUIREMENTS))
        COMPLETE.write_text(digest(), encoding="utf-8")
    archive, front_end = carry_out(str(PYTHON), "-c", VERSIONS).split()
    return f"tiny-pacs {archive}, DICOMweb {front_end}"


def installed() -> bool:
    """Tell whether what requirements/peers.txt pins is there."""
    return COMPLETE.is_file() and COMPLETE.read_text(encoding="utf-8") == digest()


def digest() -> str:
    """Return the digest of requirements/peers.txt."""
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def carry_out(*command: str) -> str:
    """Return what the command prints; that it fails is a MissingPeerError."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingPeerError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def configure(folder: Path) -> Program:
    """Write the configuration: defaults, but files on disk, a quiet log and the DICOMweb front end."""
    port, dimse_port = free_port(), free_port()
    configuration = {
        "ae": {"port": dimse_port, "dump_ds": False},
        "log": {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "root": {"level": "WARNING", "handlers": ["console"]},
        },
        "components": {
            "Database": {"on": True, "mode": "rwc", "db_name": str(folder / "index.db")},
            "Devices": {"on": True},
            "PACS": {"on": True},
            "InMemoryStorage": {"on": False},
            "FileStorage": {"on": True, "storage_dir": str(folder / "files")},
            "HttpServer": {"on": True, "host": "127.0.0.1", "port": port},
            "DICOMWeb": {"on": True},
        },
    }
    path = folder / "tiny-pacs.yaml"  # JSON is YAML
    path.write_text(json.dumps(configuration, indent=1), encoding="utf-8")
    origin = f"http://127.0.0.1:{port}"
    command = (str(ENVIRONMENT / "bin" / "tiny-pacs"), "run", "-c", str(path))
    return Program(command, f"{origin}/dicomweb", f"{origin}/dicomweb/wado", f"{origin}/")


TINY_PACS = Peer("tiny-pacs", installed, find, configure, concurrency=1)
