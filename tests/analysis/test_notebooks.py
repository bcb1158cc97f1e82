"""The notebooks only show: they import `reports`, define nothing, hold no outputs, and execute."""

import ast
from pathlib import Path

import nbformat
import pytest

from tests.analysis.synthetic_run import Truth, write_run

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# `sys` puts the root of the repository on the path, `IPython` displays.
ALLOWED = {"reports", "IPython", "sys"}
# Quiet enough for every claim of the last cell to hold.
QUIET = Truth(rounds=12, requests=8, round_noise=0.005, request_noise=0.02)


def code_of(path: Path) -> ast.Module:
    """Return the code cells of a notebook as one module."""
    notebook = nbformat.read(path, as_version=4)
    return ast.parse("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code"))


def test_there_are_three() -> None:
    assert [path.stem[0] for path in NOTEBOOKS] == ["1", "2", "3"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_imports_reports_and_defines_nothing(path: Path) -> None:
    nodes = list(ast.walk(code_of(path)))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= ALLOWED
    assert "reports" in {name.partition(".")[0] for name in imported}
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [node for node in nodes if isinstance(node, definitions)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert {(len(cell.outputs), cell.execution_count) for cell in cells} == {(0, None)}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_executes(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Execute where the notebook tools are installed; `nox -s notebooks` has them and does the same."""
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PHANTOM_RUN", str(write_run(tmp_path / "run", QUIET)))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(FOLDER)}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert {output.output_type for output in outputs} <= {"display_data", "execute_result"}
