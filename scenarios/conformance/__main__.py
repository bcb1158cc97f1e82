"""`python -m scenarios.conformance --target URL --out DIR` checks an archive and says so by its exit code."""

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime

from scenarios.conformance import arguments, compare, coverage, expectations
from scenarios.conformance.check import all_checks
from scenarios.conformance.clauses import Profile
from scenarios.conformance.findings import HarnessError
from scenarios.conformance.fixtures import ALL_FIXTURES
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.progress import Progress, summary_line
from scenarios.conformance.reports import write_reports
from scenarios.conformance.runner import run_checks
from scenarios.conformance.selection import select
from scenarios.conformance.target import Target, load_target
from scenarios.conformance.transport import Transport
from scenarios.conformance.verdict import EXIT_CODES, ExitCode
from scenarios.conformance.wire import UnreachableError


def main(argv: list[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    options = arguments.parse(sys.argv[1:] if argv is None else argv)
    commands = {
        "run": run,
        "list": list_checks,
        "coverage": print_coverage,
        "compare": print_comparison,
        "fixtures": write_fixtures,
    }
    try:
        return commands[options.command](options)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.USAGE


def run(options: argparse.Namespace) -> ExitCode:
    """Check an archive and write the reports."""
    checks = select(all_checks(), options.selectors, options.profile)
    target = target_of(options)
    today = datetime.now(UTC).date()
    expected = expectations.load_expectations(options.expectations, today) if options.expectations else ()
    expectations.refuse_unmatched(expected, all_checks())
    if options.dry_run:
        print(*(check.name for check in checks), sep="\n")
        return ExitCode.OK
    try:
        ensure_reachable(target)
    except UnreachableError as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.UNREACHABLE
    found = run_checks(
        checks,
        target,
        profile=options.profile or ("" if options.selectors else Profile.FULL),
        selectors=options.selectors,
        progress=Progress(len(checks)),
    )
    if options.write_expectations:
        expectations.write_expectations(found, options.write_expectations)
    found = expectations.apply(expected, found, allow_xpass=options.allow_xpass)
    if options.out:
        write_reports(found, options.out)
    print(summary_line(found))
    return EXIT_CODES[found.verdict]


def target_of(options: argparse.Namespace) -> Target:
    """Return the target with what the command line changes of it."""
    changes = {
        "edition": options.edition,
        "read_only": options.read_only,
        "seed": options.seed,
        "concurrency": options.concurrency,
    }
    return replace(load_target(options.target), **{key: value for key, value in changes.items() if value})


def ensure_reachable(target: Target) -> None:
    """Raise UnreachableError unless a connection to the target can be opened."""
    transport = Transport(target)
    try:
        transport.pool(target.origin).probe()
    finally:
        transport.close()


def list_checks(options: argparse.Namespace) -> ExitCode:
    """Print the selected checks."""
    for check in select(all_checks(), options.selectors, options.profile):
        ids = " ".join(clause.id for clause in check.clauses)
        print(f"{ids:10} {check.profile:7} {check.severity:5} {check.name}")
    return ExitCode.OK


def print_coverage(options: argparse.Namespace) -> ExitCode:
    """Print the coverage table, or write it to its file."""
    table = coverage.coverage_table(all_checks())
    if options.write:
        coverage.TABLE.write_text(table, encoding="utf-8")
    else:
        print(table, end="")
    return ExitCode.OK


def print_comparison(options: argparse.Namespace) -> ExitCode:
    """Print several results side by side, and what moved between the first and the last."""
    runs = compare.read_all(options.results)
    print(compare.matrix(runs))
    print()
    print(*compare.moved(runs[0], runs[-1]), sep="\n")
    return ExitCode.OK


def write_fixtures(options: argparse.Namespace) -> ExitCode:
    """Write the fixtures of a seed as files, one folder for each."""
    for fixture in ALL_FIXTURES:
        if not fixture.stored:
            continue
        folder = options.out / fixture.name
        folder.mkdir(parents=True, exist_ok=True)
        names = Identifiers(options.seed, fixture.scope, options.uid_root)
        for number, instance in enumerate(fixture.build(names), start=1):
            (folder / f"{number:03}.dcm").write_bytes(instance.data)
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
