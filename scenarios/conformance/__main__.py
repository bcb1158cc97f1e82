"""`python -m scenarios.conformance --target URL --out DIR` checks an archive and says so by its exit code."""

import argparse
import sys
from dataclasses import replace

from scenarios.conformance import arguments
from scenarios.conformance.check import all_checks
from scenarios.conformance.findings import HarnessError
from scenarios.conformance.progress import Progress, summary_line
from scenarios.conformance.runner import run_checks
from scenarios.conformance.selection import select
from scenarios.conformance.target import Target, load_target
from scenarios.conformance.transport import Transport
from scenarios.conformance.verdict import EXIT_CODES, ExitCode
from scenarios.conformance.wire import UnreachableError


def main(argv: list[str] | None = None) -> int:
    """Carry out one command and return its exit code."""
    options = arguments.parse(sys.argv[1:] if argv is None else argv)
    commands = {"run": run, "list": list_checks}
    try:
        return commands[options.command](options)
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.USAGE


def run(options: argparse.Namespace) -> ExitCode:
    """Check an archive."""
    checks = select(all_checks(), options.selectors, options.profile)
    target = target_of(options)
    if options.dry_run:
        for check in checks:
            print(check.name)
        return ExitCode.OK
    try:
        ensure_reachable(target)
    except UnreachableError as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.UNREACHABLE
    found = run_checks(
        checks,
        target,
        profile=options.profile or "",
        selectors=options.selectors,
        progress=Progress(len(checks)),
    )
    print(summary_line(found))
    return EXIT_CODES[found.verdict]


def target_of(options: argparse.Namespace) -> Target:
    """Return the target with what the command line changes of it."""
    changes = {
        "edition": options.edition,
        "read_only": options.read_only or None,
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


if __name__ == "__main__":
    sys.exit(main())
