"""The reference archive with grants, as a process of its own, and the principals that its checks need."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from scenarios.conformance.principals import set_up
from scenarios.conformance.target import Target
from tests.conformance.reference_archive import ROOT, free_port, wait_until_healthy


@contextlib.contextmanager
def guarded_archive() -> Iterator[Target]:
    """Run the archive with grants until the block ends; the target names owner, other and admin."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "data")
        command = [sys.executable, "-m", "reference_server"]
        serve = [*command, "--data", data, "--port", str(port), "--accounting", "grants"]
        with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
            try:
                wait_until_healthy(process, port)
                token = subprocess.run(
                    [*command, "token", "--data", data, "--user", "admin"],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout.strip()
                origin = f"http://127.0.0.1:{port}"
                yield set_up(f"{origin}/dicom-web", f"{origin}/accounting", token)
            finally:
                process.terminate()
                process.wait(10)
