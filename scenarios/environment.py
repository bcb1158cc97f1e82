"""What a run was carried out on, without names of hosts, people or folders."""

import hashlib
import importlib.metadata
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    "aiosqlite", "gevent", "geventhttpclient", "httptools", "locust", "numpy", "orjson", "pyarrow", "pydicom",
    "starlette", "uvicorn", "uvloop",
)  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent


def describe_environment() -> dict[str, Any]:
    """Return CPU, memory, kernel, Python and package versions, and the revision of this repository."""
    return {
        "cpu": _cpu_model(),
        "machine_id": _machine_id(),
        "cores": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.system(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "uvicorn_loop": "uvloop" if _version("uvloop") else "asyncio",
        "revision": _git("rev-parse", "HEAD"),
        "modified": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def _machine_id() -> str | None:
    """Return a digest that tells machines apart and names none; None where the system has no identity."""
    try:
        identity = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return hashlib.sha256(f"{identity}/{_cpu_model()}/{psutil.cpu_count()}".encode()).hexdigest()[:12]


def _cpu_model() -> str:
    try:
        found = re.search(
            r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE
        )
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str | None:
    """Return what git prints about this repository; None where there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
