"""Several processes that serve one socket, and the parent that keeps their number.

The parent holds no connection, no thread and no loop, so that it can fork at any time. A worker that dies is
replaced; where they die faster than they can begin, all are stopped and that is said. SIGTERM or SIGINT stops
the workers gracefully, a second one at once. Workers whose parent is gone stop by themselves: each waits for
the end of a pipe that the parent alone could write to.
"""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import NoReturn

LOG = logging.getLogger("reference_server")
STOPS = {signal.SIGTERM, signal.SIGINT}
SIGNALS = STOPS | {signal.SIGCHLD}
PERIOD_SECONDS = 10.0
MOST_DEATHS = 8  # in a period; a worker that cannot begin would be replaced for ever


class WorkersFailedError(Exception):
    """Workers cannot be kept; the message says what would help."""


def run_in_child(work: Callable[[], object]) -> None:
    """Carry out work in a process of its own, which leaves nothing behind in this one."""
    child = _fork(work)
    _, status = os.waitpid(child, 0)
    if status:
        raise WorkersFailedError("the archive cannot begin; its log says why")


def _fork(work: Callable[[], object]) -> int:
    """Return the process id of a child that does the work and ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _work_and_end(work)
    return child


def _work_and_end(work: Callable[[], object]) -> NoReturn:
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001  whatever it is, it must not go up the stack of the parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Supervisor:
    """Keeps a number of workers, each of which does the same work until it is told to stop."""

    def __init__(self, count: int, work: Callable[[], object]) -> None:
        self._count = count
        self._work = work
        self._workers: set[int] = set()
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)
        self._alive, self._keep_alive = os.pipe()

    def run(self) -> None:
        """Return when the workers have stopped, as this process was told to; raises WorkersFailedError."""
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            for _ in range(self._count):
                self._start()
            while signal.sigwait(SIGNALS) not in STOPS:
                for child in self._ended():
                    self._replace(child)
        finally:
            self._stop()
            os.close(self._alive)
            os.close(self._keep_alive)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _start(self) -> None:
        self._workers.add(_fork(self._serve))

    def _serve(self) -> None:
        """Be a worker."""
        os.close(self._keep_alive)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        threading.Thread(target=self._follow_parent, name="parent", daemon=True).start()
        self._work()

    def _follow_parent(self) -> None:
        """Stop when the parent is gone."""
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _ended(self) -> list[int]:
        """Return the workers that have ended since they were last looked at."""
        return [child for child in self._workers if os.waitpid(child, os.WNOHANG)[0]]

    def _replace(self, child: int) -> None:
        self._workers.remove(child)
        self._deaths.append(time.monotonic())
        if len(self._deaths) == MOST_DEATHS and self._deaths[-1] - self._deaths[0] < PERIOD_SECONDS:
            raise WorkersFailedError("workers end faster than they can be replaced; the log says why")
        LOG.error("worker %d ended; another one takes its place", child)
        self._start()

    def _stop(self) -> None:
        """Stop the workers and return when none is left; a further signal to stop ends them at once."""
        how = signal.SIGTERM
        while True:
            for child in self._workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, how)
            while True:
                for child in self._ended():
                    self._workers.remove(child)
                if not self._workers:
                    return
                if signal.sigwait(SIGNALS) in STOPS:
                    how = signal.SIGKILL
                    break
