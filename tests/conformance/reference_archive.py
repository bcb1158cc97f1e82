"""The reference archive as a process of its own, empty, on a free port of loopback."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

START_S = 20.0
ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def reference_archive() -> Iterator[str]:
    """Run the archive without accounting until the block ends; the base URL is given."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        command = [sys.executable, "-m", "reference_server", "--data", str(data), "--port", str(port)]
        with subprocess.Popen(
            [*command, "--accounting", "off"], cwd=ROOT, stdout=subprocess.DEVNULL
        ) as process:
            try:
                wait_until_healthy(process, port)
                yield f"http://127.0.0.1:{port}/dicom-web"
            finally:
                process.terminate()
                process.wait(10)


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when the archive answers; that it ended or does not answer in time is an error."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, f"the reference archive ended with {process.returncode}"
        with contextlib.suppress(URLError), urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"the reference archive did not answer within {START_S:g} s")
