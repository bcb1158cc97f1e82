"""A synthetic run and its analysis, made once, for tests that only read them."""

from pathlib import Path

import pytest

from reports.analysis import Analysis, analyse
from reports.run import read_run
from reports.verdicts import Margin
from tests.analysis.synthetic_run import Truth, write_run


@pytest.fixture(scope="session")
def quiet_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a complete run with four arms; tests must not change it."""
    return write_run(tmp_path_factory.mktemp("runs") / "quiet", Truth())


@pytest.fixture(scope="session")
def analysis(quiet_run: Path) -> Analysis:
    """Return the analysis of the quiet run."""
    return analyse(read_run(quiet_run), Margin(), "off")
