"""The management API as a command line: `NOUN VERB` picks a procedure, options are members of its payload.

Parsers are rendered from the schemas that check the payloads, so that the command line takes what the API
takes and refuses what it refuses.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reference_server.accounting.callers import Caller
from reference_server.management.body import Schema
from reference_server.management.description import TEMPLATE
from reference_server.management.procedure import Asked, Procedure
from reference_server.management.table import PROCEDURES

VERBS = {"list": "GET", "create": "POST", "show": "GET", "update": "PATCH", "set": "PUT", "delete": "DELETE"}
_ONE = ("show", "update", "delete")
_NOUNS = ("organizations", "facilities", "roles", "users", "categories")
_PERMISSION = "/accounting/categories/{name}/permissions"
_OWNER = "/accounting/repositories/{repository}/studies/{study}/owner"
# noun, verb -> path; the method is that of the verb
COMMANDS: Mapping[tuple[str, str], str] = {
    **{(noun, verb): f"/accounting/{noun}" for noun in _NOUNS for verb in ("list", "create")},
    **{(noun, verb): f"/accounting/{noun}/{{name}}" for noun in _NOUNS for verb in _ONE},
    ("tokens", "list"): "/accounting/users/{name}/tokens",
    ("tokens", "create"): "/accounting/users/{name}/tokens",
    ("tokens", "delete"): "/accounting/users/{name}/tokens/{id}",
    ("permissions", "list"): _PERMISSION,
    **{("permissions", verb): f"{_PERMISSION}/{{kind}}/{{holder}}" for verb in ("show", "set", "delete")},
    ("shares", "list"): "/accounting/shares",
    ("shares", "create"): "/accounting/shares",
    ("shares", "show"): "/accounting/shares/{id}",
    ("shares", "delete"): "/accounting/shares/{id}",
    ("links", "list"): "/accounting/links",
    ("links", "create"): "/accounting/links",
    ("owners", "show"): _OWNER,
    ("owners", "set"): _OWNER,
    ("effective", "list"): "/accounting/effective",
    ("effective", "show"): "/accounting/users/{name}/effective",
}
# Objects of a payload, spread over options of their own.
SPREAD = {"subject": ("subject",), "resource": ("repository", "study", "series", "instance")}
PERIOD = ("expires", "not_before")


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that was understood: the procedure, and what it is asked."""

    procedure: Procedure
    path: str
    values: Mapping[str, str]
    query: Mapping[str, str]
    content: Mapping[str, Any] | None

    @property
    def target(self) -> str:
        """The path of the management API at which the same is asked for."""
        return self.path.format(**self.values)

    def asked(self, caller: Caller, now: float) -> Asked:
        """Return what is asked, checked as a request is; raises BadRequest."""
        query = self.procedure.checked_query(list(self.query.items()))
        return Asked(caller, now, self.values, query, self.procedure.checked_body(self.content))


def add_commands(parser: argparse.ArgumentParser, everywhere: argparse.ArgumentParser) -> None:
    """Add the nouns and their verbs to a parser; each verb takes what is taken everywhere, too."""
    nouns = parser.add_subparsers(dest="noun", required=True, metavar="NOUN")
    for noun in dict.fromkeys(noun for noun, _ in COMMANDS):
        verbs = nouns.add_parser(noun, help=", ".join(verb for each, verb in COMMANDS if each == noun))
        chosen = verbs.add_subparsers(dest="verb", required=True, metavar="VERB")
        for (each, verb), path in COMMANDS.items():
            if each == noun:
                procedure = PROCEDURES[path][VERBS[verb]]
                command = chosen.add_parser(
                    verb, help=procedure.summary, description=procedure.summary, parents=[everywhere]
                )
                _add_options(command, path, procedure)


def _add_options(parser: argparse.ArgumentParser, path: str, procedure: Procedure) -> None:
    for name in TEMPLATE.findall(path):
        parser.add_argument(f"path.{name}", metavar=name.upper())
    for name in procedure.query:
        needed = name in procedure.required
        parser.add_argument(f"--{name}", dest=f"query.{name}", metavar=name.upper(), required=needed)
    if procedure.body is not None:
        required = procedure.body["required"]
        for name, schema in procedure.body["properties"].items():
            for option in SPREAD.get(name, (name,)):
                needed = name in required and option in (name, "repository")
                _add_member(parser, option, schema, required=needed)


def _add_member(parser: argparse.ArgumentParser, name: str, schema: Schema, *, required: bool) -> None:
    """Add the option of a member of the payload; a subject is written KIND/NAME."""
    kind = schema.get("anyOf", [schema])[0].get("type")
    flag, dest = f"--{name.replace('_', '-')}", f"body.{name}"
    if kind == "boolean":
        parser.add_argument(flag, dest=dest, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS)
        return
    shown = {"subject": "KIND/NAME"}.get(name, "TIME" if name in PERIOD else name.upper())
    parser.add_argument(
        flag,
        dest=dest,
        metavar=shown,
        nargs="*" if kind == "array" else None,
        required=required,
        default=argparse.SUPPRESS,
    )


def understood(given: argparse.Namespace) -> Command:
    """Return the command of parsed arguments."""
    path = COMMANDS[given.noun, given.verb]
    procedure = PROCEDURES[path][VERBS[given.verb]]
    options = vars(given)
    content = None if procedure.body is None else _payload(_part(options, "body."))
    query = {name: value for name, value in _part(options, "query.").items() if value is not None}
    return Command(procedure, path, _part(options, "path."), query, content)


def _part(options: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in options.items() if name.startswith(prefix)}


def _payload(members: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of an API request with these members; what was spread is put together again."""
    if "subject" in members:
        kind, _, name = members.pop("subject").partition("/")
        members["subject"] = {"kind": kind, "name": name or None}
    if "repository" in members:
        levels: Sequence[str] = SPREAD["resource"]
        members["resource"] = {level: members.pop(level) for level in levels if level in members}
    return members
