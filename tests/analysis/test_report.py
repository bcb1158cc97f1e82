"""The report is one self-contained page, its data follow their schema, and its command says how it went."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

from reports.__main__ import main
from reports.analysis import Analysis, analyse_run
from reports.figures.palette import ALL
from reports.gallery import Drawing, draw_gallery, write_figures
from reports.page import render_page
from reports.prose import details, headline, twin_sentence, warnings
from reports.tables import TABLES, write_tables
from reports.verdict_document import verdict_document
from reports.verdicts import Margin
from tests.analysis.synthetic_run import Truth, change_samples, write_run

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "reports" / "verdicts.schema.json").read_text(encoding="utf-8"))
VOID = {"meta", "br"}
LOADING = re.compile(r"<(?:script|link|img|iframe|object|embed|image)\b|@import|url\((?!#)", re.IGNORECASE)


class Elements(HTMLParser):
    """Collects what a page holds, and whether every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element, its identifier and what it refers to."""
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            elif name in ("aria-labelledby", "aria-describedby") and value:
                self.references += value.split()
            elif name in ("href", "xlink:href", "src") and value:
                self.references.append(value.removeprefix("#"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Treat an empty element as opened and closed."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Hold an end tag against the element that is open."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def drawings(analysis: Analysis) -> list[Drawing]:
    """Return the figures of the quiet run."""
    return draw_gallery(analysis)


@pytest.fixture(scope="module")
def page(analysis: Analysis, drawings: list[Drawing]) -> str:
    """Return the report of the quiet run."""
    return render_page(analysis, drawings)


def test_page_is_well_formed_and_its_identifiers_are_unique(page: str) -> None:
    found = Elements(page)
    assert found.open == []
    assert [name for name, count in Counter(found.ids).items() if count > 1] == []
    assert set(found.references) <= set(found.ids)


def test_page_loads_nothing(page: str) -> None:
    assert LOADING.findall(page) == []
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_every_figure_of_the_page_is_named_and_described(page: str) -> None:
    figures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(figures) == 8
    for svg in figures:
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        title, description = list(root)[:2]
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert len(title.text or "") > 5
        assert len(description.text or "") > 20


def test_figures_of_the_page_follow_the_readers_colours(page: str) -> None:
    figures = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    for colour in ALL:
        assert colour.light not in figures
        assert page.count(f"{colour.variable}: {colour.light};") == 1
        assert page.count(f"{colour.variable}: {colour.dark};") == 1
    literal = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", figures))
    assert literal <= {"#000000"}


def test_what_the_run_says_is_escaped(page: str) -> None:
    assert "none &lt;&amp;&gt;" in page
    assert "none <&>" not in page


def test_page_shows_every_operation_arm_and_verdict(page: str, analysis: Analysis) -> None:
    for operation in analysis.operations:
        assert f'<th scope="row">{operation}</th>' in page
    for sentence in (headline(analysis), twin_sentence(analysis)):
        assert sentence.replace('"', "&#34;") in page
    assert "n/a (n=480)" in page


def test_same_run_gives_same_bytes(
    quiet_run: Path, page: str, drawings: list[Drawing], tmp_path: Path
) -> None:
    again = analyse_run(quiet_run)
    redrawn = draw_gallery(again)
    assert render_page(again, redrawn) == page
    for folder, each in ((tmp_path / "a", drawings), (tmp_path / "b", redrawn)):
        write_figures(each, folder)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(names) == 12
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_verdicts_follow_their_schema(analysis: Analysis, tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    few = analyse_run(write_run(tmp_path / "few", Truth(rounds=2, requests=3, arms=("off", "on"))))
    one_margin = analyse_run(analysis.run.path, Margin(0.1, float("inf")))
    for each in (analysis, few, one_margin):
        validator.validate(json.loads(json.dumps(verdict_document(each), allow_nan=False)))
    rows = verdict_document(analysis)["rows"]
    pairs = [(row["arm"], row["baseline"]) for row in rows[::3]]
    assert pairs == [("off2", "off"), ("null", "off"), ("on", "off"), ("on", "null")]
    assert verdict_document(few)["rows"][0]["low"] is None
    assert verdict_document(one_margin)["margin_ms"] is None


def test_tables_hold_what_verdicts_json_holds(analysis: Analysis, tmp_path: Path) -> None:
    write_tables(analysis, tmp_path)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(TABLES)
    # An arm is called null, which pandas takes for a missing value unless told otherwise.
    table = pd.read_csv(tmp_path / "verdicts.csv", keep_default_na=False, na_values=[""])
    for row, (_, line) in zip(verdict_document(analysis)["rows"], table.iterrows(), strict=True):
        assert (row["operation"], row["arm"], row["verdict"]) == (
            line["operation"],
            line["arm"],
            line["verdict"],
        )
        assert line["ratio"] == pytest.approx(row["ratio"])
    assert {*table.columns, "notes", "clock"} == set(SCHEMA["$defs"]["row"]["properties"])
    rounds = pd.read_csv(tmp_path / "rounds.csv")
    assert len(rounds) == 4 * 3 * 16
    assert pd.read_csv(tmp_path / "failures.csv").empty


def test_tables_keep_their_columns_when_there_is_nothing_to_say(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Truth(rounds=2, requests=3, arms=("off",)))
    (folder / "blocks.parquet").unlink()
    write_tables(analyse_run(folder), tmp_path / "tables")
    for name in ("verdicts", "rounds", "decomposition", "failures", "machine"):
        table = pd.read_csv(tmp_path / "tables" / f"{name}.csv")
        assert table.empty, name
        assert "arm" in table.columns, name


def test_headline_counts_verdicts(quiet_run: Path) -> None:
    generous = analyse_run(quiet_run, Margin(0.5, 10.0))
    strict = analyse_run(quiet_run, Margin(0.0001, 10.0))
    assert "stays within 50\N{NO-BREAK SPACE}% and 10\N{NO-BREAK SPACE}ms" in headline(generous)
    assert 'of "off" on all 3 operations' in headline(generous)
    assert "costs more than 0.01\N{NO-BREAK SPACE}% or 10\N{NO-BREAK SPACE}ms on 1 of 3" in headline(strict)
    assert strict.main is not None
    assert "wado-study" in " ".join(details(strict.main))


def test_command_writes_everything_and_ends_with_0(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Truth(rounds=6, requests=5))
    raw = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    command = [sys.executable, "-m", "reports", str(folder), "--margin", "20%", "--margin-ms", "inf"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().endswith(str(folder / "report.html"))
    assert (folder / "report.html").stat().st_size > 100_000
    assert json.loads((folder / "verdicts.json").read_text())["margin"] == 0.2
    assert len(list((folder / "figures").iterdir())) == 12
    assert {path: path.read_bytes() for path in raw} == raw


@pytest.mark.parametrize(
    ("changes", "delay_ms", "code", "warning"),
    [
        ({"status": "incomplete"}, 0.0, 3, "ended as incomplete"),
        (
            {"status": "invalid", "validity": {"faults": ["generator saturated"]}},
            0.0,
            4,
            "generator saturated",
        ),
        ({}, 0.5, 0, "added 500 us to every request of arm on"),
    ],
)
def test_page_warns_before_any_number(
    changes: dict[str, object], delay_ms: float, code: int, warning: str, tmp_path: Path
) -> None:
    truth = Truth(rounds=6, requests=3, operations_ms={"qido-series": 1.0}, delays_ms={"on": delay_ms})
    folder = write_run(tmp_path / "run", truth, **changes)
    change_samples(folder, 0, error=["status 500", None, None])
    assert main([str(folder)]) == code
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert any(warning in sentence for sentence in warnings(analyse_run(folder)))
    assert page.index(warning) < page.index("What each operation pays")
    assert "status 500" in page


def test_a_run_of_one_arm_has_a_report_that_says_that_nothing_is_compared(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", Truth(rounds=2, requests=3, arms=("off",)))
    assert main([str(folder)]) == 3
    assert "compares no arm" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["RUN", "--margin", "0"],
        ["RUN", "--margin", "-5%"],
        ["RUN", "--margin", "nan"],
        ["RUN", "--margin", "a tenth"],
        ["RUN", "--margin-ms", "-0.2"],
        ["RUN", "--margin", "inf", "--margin-ms", "inf"],
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(arguments: list[str], quiet_run: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main([str(quiet_run) if each == "RUN" else each for each in arguments])
    assert caught.value.code == 2


def test_folders_that_cannot_be_reported_end_with_advice(
    tmp_path: Path, quiet_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "give a path" in capsys.readouterr().err
    assert main([str(quiet_run), "--baseline", "base"]) == 2
    assert "can be off" in capsys.readouterr().err
    empty = write_run(tmp_path / "run", Truth(rounds=0), status="incomplete")
    assert main([str(empty)]) == 3
    assert "before its first block" in capsys.readouterr().err
