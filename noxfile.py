"""Every way to run the project: `nox -l` lists them, and the docstrings are the help.

Each session installs from a committed, hashed file in requirements/ and runs on the Python at hand; uv never
downloads an interpreter.
"""

import argparse
import os
from pathlib import Path

import nox

os.environ["UV_PYTHON_DOWNLOADS"] = "never"

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "tests"]

REQUIREMENTS = Path("requirements")
EXPORTS = {
    "runtime": ["--no-default-groups"],
    "lint": ["--only-group", "lint"],
    "tests": ["--group", "tests"],
    "types": ["--group", "types"],
    "thirdparty": ["--group", "thirdparty"],
    "notebooks": ["--group", "notebooks"],
    "peers": ["--only-group", "peers"],
    "profile": ["--group", "profile"],
}


def install(session: nox.Session, name: str) -> None:
    """Install the pinned and hashed requirements file of that name."""
    session.install("--require-hashes", "-r", str(REQUIREMENTS / f"{name}.txt"))


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff finds no fault and the formatter has nothing to change."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy in strict mode accepts all packages, the tests and this file."""
    install(session, "types")
    session.run("mypy")
    session.run("mypy", "tests", "noxfile.py")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests pass but those of viewers and third parties, which need a browser; arguments go to pytest."""
    install(session, "tests")
    everything = ["-n", "2", "--dist", "loadfile", "--ignore=tests/viewers", "--ignore=tests/thirdparty"]
    session.run("pytest", *(session.posargs or everything))


@nox.session
def viewers(session: nox.Session) -> None:
    """OHIF and a cornerstone page open studies in headless Chromium; needs chromium and npm.

    The viewers are fetched once into build/viewers; screenshots are kept in build/screenshots.
    """
    install(session, "tests")
    session.run("pytest", "tests/viewers", *session.posargs)


@nox.session
def real_files(session: nox.Session) -> None:
    """Your own DICOM files go in and come back as they were: `-- FOLDER... [--accounting grants]`."""
    install(session, "tests")
    session.run("python", "-m", "tests.server.real_files", *session.posargs)


@nox.session
def thirdparty(session: nox.Session) -> None:
    """Clients that others made, from PyPI and npm, find nothing to complain of; needs node and npm.

    What was run and what came of it is in docs/third-party.md; arguments go to pytest.
    """
    install(session, "thirdparty")
    session.run("pytest", "tests/thirdparty", *session.posargs)


@nox.session
def reproduce(session: nox.Session) -> None:
    """Carry out the experiment, off against on, and write its report; arguments go to the campaign.

    `--profile NAME` picks scenarios/campaigns/NAME.toml (default: smoke); all else goes to
    `scenarios.campaign`, for example `-- --set arms.on.delay_us=500` or `-- --data FOLDER`.
    """
    install(session, "runtime")
    parser = argparse.ArgumentParser(prog="nox -s reproduce --", allow_abbrev=False)
    parser.add_argument("--profile", default="smoke")
    chosen, rest = parser.parse_known_args(session.posargs)
    campaign = Path("scenarios/campaigns") / f"{chosen.profile}.toml"
    if not campaign.is_file():
        session.error(f"{campaign} does not exist; profiles are the files in {campaign.parent}")
    session.run("python", "-m", "scenarios.campaign", str(campaign), *rest)
    if "--dry-run" not in rest:
        session.run("python", "-m", "reports", "latest")


@nox.session
def growth(session: nox.Session) -> None:
    """Compare designs of accounting in archives of growing size: curves with exponents, and the bounds.

    `--profile NAME` picks scenarios/growth/profiles/NAME.toml: `scale-short` (default), `scale`, or
    `accounting-bounds`; all else goes to `scenarios.growth`, for example `-- --set rounds=10`.
    """
    install(session, "runtime")
    parser = argparse.ArgumentParser(prog="nox -s growth --", allow_abbrev=False)
    parser.add_argument("--profile", default="scale-short")
    chosen, rest = parser.parse_known_args(session.posargs)
    session.run("python", "-m", "scenarios.growth", chosen.profile, *rest)
    # An archive of one size has no curve, which is 2.
    session.run("python", "-m", "reports.growth", "latest", success_codes=[0, 2])
    # Whether a bound holds is a finding, not a fault of the session.
    session.run("python", "-m", "reports.bounds", "latest", success_codes=[0, 1, 3])


@nox.session
def conformance(session: nox.Session) -> None:
    """Check any DICOMweb archive by clause, for example `-- --target http://127.0.0.1:8080/dicom-web`."""
    install(session, "runtime")
    session.run("python", "-m", "scenarios.conformance", *session.posargs)


@nox.session
def peers(session: nox.Session) -> None:
    """The suite finds in Orthanc and tiny-pacs what tests/peers announces; arguments go to tests.peers.

    What is missing is installed: Orthanc by apt-get if this is root's Debian or Ubuntu, tiny-pacs into
    build/peers. `-- --publish reports/published/conformance` writes the published results anew; `-- speed`
    measures the reference archive beside Orthanc instead and writes one table of ratios.
    """
    install(session, "runtime")
    if session.posargs[:1] == ["speed"]:
        session.run("python", "-m", "tests.peers.speed", *session.posargs[1:])
    else:
        session.run("python", "-m", "tests.peers", *session.posargs)


@nox.session
def selftest(session: nox.Session) -> None:
    """The harness finds what is there and nothing else: coverage, false alarms, what makes a run invalid.

    `-- --write` writes docs/selftests.md; names of parts after `--` carry out those alone.
    """
    install(session, "tests")
    session.run("python", "-m", "tests.selftest", *session.posargs)


@nox.session
def designs(session: nox.Session) -> None:
    """Every design of accounting passes the tests of all, and 10,000 requests of an attacker find nothing.

    Names of designs after `--` keep it to those.
    """
    install(session, "tests")
    names = session.posargs or ["grants", "materialised", "post-filter", "external", "cedar"]
    tests = (
        "access", "audit", "links", "management_ownership", "non_interference", "races", "repositories",
        "sharing",
    )  # fmt: skip
    env = {"DESIGNS": " ".join(names)}
    session.run("pytest", *(f"tests/server/test_{name}.py" for name in tests), env=env)
    session.run("python", "-m", "tests.server.attacker", *names)


@nox.session
def durability(session: nox.Session) -> None:
    """A hundred kills at random moments lose nothing that was acknowledged; arguments go to the rounds.

    `-- --durability process --workers 2` is another setting, `-- --rounds 10` a shorter proof.
    """
    install(session, "tests")
    session.run("python", "-m", "tests.server.kill_rounds", *session.posargs)


@nox.session
def regress(session: nox.Session) -> None:
    """Two revisions of the reference server are held against gates; exit 1 if one trips: `-- --base REV`.

    `--head REV` is the code as it lies here unless told. `--prove` instead shows that added SQL, bytes and
    CPU time are found; `--benchmarks` also compares the micro benchmarks. All else goes to the campaign.
    """
    install(session, "tests")
    parser = argparse.ArgumentParser(prog="nox -s regress --", allow_abbrev=False)
    parser.add_argument("--base", default="HEAD")
    parser.add_argument("--head", default="")
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--benchmarks", action="store_true")
    chosen, rest = parser.parse_known_args(session.posargs)
    if chosen.prove:
        session.run("python", "-m", "tests.harness.regressions")
        return
    revisions = {"base": chosen.base, "head": chosen.head}
    named = [f'--set=arms.{arm}.revision="{revision}"' for arm, revision in revisions.items() if revision]
    runs, campaign = "build/regress/runs", "scenarios/campaigns/regress/revisions.toml"
    session.run("python", "-m", "scenarios.campaign", campaign, "--out", runs, *named, *rest)
    if chosen.benchmarks:
        session.run("python", "-m", "tests.benchmarks", "--base", chosen.base)
    session.run(
        "python", "-m", "reports.regression", "latest", "--runs", runs,
        "--history", "build/regress/history.jsonl", "--export", "build/regress/benchmark.json",
    )  # fmt: skip


@nox.session
def notebooks(session: nox.Session) -> None:
    """The notebooks execute on the published run; copies with their results go to build/notebooks."""
    install(session, "notebooks")
    session.run(
        "jupyter", "nbconvert", "--to", "notebook", "--execute", "--output-dir", "build/notebooks",
        *(str(path) for path in sorted(Path("notebooks").glob("*.ipynb"))),
    )  # fmt: skip


@nox.session
def bench(session: nox.Session) -> None:
    """Micro benchmarks of the parts that accounting touches, off against on; arguments go to pytest."""
    install(session, "tests")
    session.run(
        "pytest", "tests/benchmarks", "--benchmark-only", "--benchmark-group-by=group", *session.posargs
    )


@nox.session
def profile(session: nox.Session) -> None:
    """Flame graphs of each operation go to docs/profiles; arguments name operations.

    py-spy looks into the archive's process, for which it needs root or kernel.yama.ptrace_scope=0.
    """
    install(session, "profile")
    session.run("python", "-m", "tests.profiles", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve the dependencies anew and write requirements/*.txt with hashes."""
    session.run("uv", "lock", "--upgrade", external=True)
    for name, groups in EXPORTS.items():
        target = str(REQUIREMENTS / f"{name}.txt")
        session.run(
            "uv", "export", "--quiet", "--format", "requirements-txt", "--no-emit-project", "--no-header",
            *groups, "--output-file", target, external=True, silent=True,
        )  # fmt: skip
