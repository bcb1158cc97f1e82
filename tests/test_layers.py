"""The islands meet only where docs/architecture.md lets them: every import is held against its rules."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ISLANDS = ("reference_server", "scenarios", "datasets", "reports")

# importer prefix -> prefixes of our own modules that it must not import
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "reference_server": ("scenarios", "datasets", "reports", "notebooks", "tests"),
    "scenarios": ("reference_server", "reports", "notebooks", "tests"),
    "datasets": ("reference_server", "scenarios", "reports", "notebooks", "tests"),
    "reports": ("reference_server", "scenarios", "datasets", "notebooks", "tests"),
    "scenarios.load": ("scenarios.conformance",),
    "scenarios.conformance": ("scenarios.load",),
    "reference_server.storage": (
        "reference_server.app",
        "reference_server.routes",
        "reference_server.dicomweb",
        "reference_server.accounting",
        "reference_server.audit",
    ),
    "reference_server.dicomweb": (
        "reference_server.app",
        "reference_server.routes",
        "reference_server.audit",
    ),
    "reference_server.accounting": (
        "reference_server.app",
        "reference_server.routes",
        "reference_server.audit",
    ),
    "reference_server.audit": ("reference_server.app", "reference_server.routes"),
    "reference_server.decisions": (
        "reference_server.app",
        "reference_server.routes",
        "reference_server.dicomweb",
        "reference_server.audit",
    ),
}
# A design of accounting/ is known to the composition root alone.
DESIGNS = ("off", "allow_all", "grants", "materialised", "post_filter", "external", "cedar")
KNOWS_DESIGNS = ("reference_server.app",)

# third-party package -> the only prefixes that may import it
THIRD_PARTY: dict[str, tuple[str, ...]] = {
    "locust": ("scenarios.load",),
    "gevent": ("scenarios.load",),
    "starlette": ("reference_server",),
    "aiosqlite": ("reference_server",),
    "uvicorn": ("reference_server",),
    "matplotlib": ("reports",),
    "pandas": ("reports",),
    "pydicom": ("datasets", "reference_server", "scenarios.conformance"),
}


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, and where the statement stands."""

    importer: str
    imported: str
    line: int


def module_name(path: Path) -> str:
    """Return the dotted name of the module in this file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, importer: str) -> Iterator[Import]:
    """Yield every import in the source, those inside functions and `if TYPE_CHECKING` included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(importer, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{importer}:{node.lineno}: imports are absolute"
            for alias in node.names:
                yield Import(importer, f"{node.module}.{alias.name}", node.lineno)


def within(module: str, prefix: str) -> bool:
    """Tell whether the module is the prefix or lies below it."""
    return module == prefix or module.startswith(f"{prefix}.")


def violations(found: Import) -> Iterator[str]:
    """Yield a sentence for each rule that this import breaks."""
    where = f"{found.importer}:{found.line} imports {found.imported}"
    for importer, banned in FORBIDDEN.items():
        if within(found.importer, importer):
            yield from (f"{where}: {importer} must not know {b}" for b in banned if within(found.imported, b))
    for package, allowed in THIRD_PARTY.items():
        if within(found.imported, package) and not any(within(found.importer, a) for a in allowed):
            yield f"{where}: only {', '.join(allowed)} may import {package}"
    for design in DESIGNS:
        module = f"reference_server.accounting.{design}"
        knows = (*KNOWS_DESIGNS, module)
        if within(found.imported, module) and not any(within(found.importer, k) for k in knows):
            yield f"{where}: only the composition root knows the designs"


def sources() -> list[Path]:
    """Return every Python file of the four islands."""
    return sorted(path for island in ISLANDS for path in (ROOT / island).rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_imports_keep_to_the_layers(path: Path) -> None:
    found = imports_of(path.read_text(encoding="utf-8"), module_name(path))
    assert [sentence for each in found for sentence in violations(each)] == []


@pytest.mark.parametrize(
    ("importer", "statement"),
    [
        ("scenarios.campaign", "import reference_server.app"),
        ("scenarios.campaign", "from locust import User"),
        ("scenarios.load.users", "from scenarios.conformance import check"),
        ("reports.stats", "import datasets"),
        ("reports.stats", "from scenarios import target"),
        ("datasets.synthesis", "import pandas as pd"),
        ("scenarios.load.users", "import pydicom"),
        ("reference_server.storage.index", "from reference_server.dicomweb.search import Search"),
        ("reference_server.dicomweb.qido", "from reference_server.accounting.grants import Grants"),
        ("reference_server.dicomweb.qido", "def f() -> None:\n    import tests.server"),
    ],
)
def test_a_forbidden_import_is_found(importer: str, statement: str) -> None:
    assert [s for each in imports_of(statement, importer) for s in violations(each)]


def test_allowed_imports_are_not_reported() -> None:
    allowed = "import datasets.manifest\nfrom scenarios.target import Target\nimport json"
    assert [s for each in imports_of(allowed, "scenarios.load.users") for s in violations(each)] == []


SIZE_LIMIT_LINES = 400
FUNCTION_LIMIT_LINES = 40
VAGUE = ("util", "utils", "helper", "helpers", "common", "manager", "misc")


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_files_and_functions_stay_small_and_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= SIZE_LIMIT_LINES
    assert path.stem not in VAGUE
    long = [
        f"{node.name} has {length} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LIMIT_LINES
    ]
    assert long == []
