"""Principals for the access-control checks, set up through the accounting API of an archive.

    python -m scenarios.conformance.principals BASE_URL --out target.toml

makes two facilities with a user each, `owner` and `other`, and writes the target.toml that names both, the
administrator and their tokens. The administrator's token is read from the environment variable
PHANTOM_ADMIN_TOKEN. The file holds credentials and is readable by its owner alone.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from scenarios.conformance.accounting import create, token_for
from scenarios.conformance.archive import Archive
from scenarios.conformance.findings import Finding, HarnessError
from scenarios.conformance.fixtures.identifiers import Identifiers
from scenarios.conformance.runner import new_seed
from scenarios.conformance.target import Capability, Target
from scenarios.conformance.transport import Recorder, Transport

ADMIN_TOKEN = "PHANTOM_ADMIN_TOKEN"  # noqa: S105 - the name of a variable
TOKEN_LIFETIME_S = 7 * 86_400.0
USAGE_ERROR = 2


def set_up(base_url: str, accounting_url: str, token: str, *, decides: bool = True) -> Target:
    """Create the principals and return the target that names them; a refusal is a Finding.

    `decides` is whether the archive decides about access, beyond asking who calls.
    """
    admin = {"admin": MappingProxyType({"Authorization": f"Bearer {token}"})}
    target = Target(base_url, accounting_url=accounting_url, principals=MappingProxyType(admin))
    transport = Transport(target)
    try:
        names = Identifiers(new_seed())
        view = Archive(target, Recorder(transport, target.secrets), names, principal="admin")
        tokens = {who: _user(view, f"{who}-{names.token}") for who in ("owner", "other")}
    finally:
        transport.close()
    headers = {who: MappingProxyType({"Authorization": f"Bearer {text}"}) for who, text in tokens.items()}
    return Target(
        base_url,
        accounting_url=accounting_url,
        capabilities=MappingProxyType({Capability.ACCESS_CONTROL: decides, Capability.AUTHENTICATION: True}),
        principals=MappingProxyType({**admin, **headers}),
    )


def _user(admin: Archive, name: str) -> str:
    """Create a user with a facility of its own, and return a token."""
    create(admin, "/organizations", {"name": name})
    create(admin, "/facilities", {"name": name, "organization": name})
    create(admin, "/users", {"name": name, "facilities": [name], "roles": []})
    return token_for(admin, name, TOKEN_LIFETIME_S)


def toml_of(target: Target) -> str:
    """Return the target as target.toml; what is at its default is left out."""
    quoted = json.dumps  # a JSON string of printable characters is a TOML string
    lines = [f"base_url = {quoted(target.base_url)}", f"accounting_url = {quoted(target.accounting_url)}"]
    lines += ["", "[capabilities]"]
    lines += [f"{name} = {quoted(offered)}" for name, offered in target.capabilities.items()]
    for who, headers in target.principals.items():
        lines += ["", f"[principals.{who}.headers]"]
        lines += [f"{name} = {quoted(text)}" for name, text in headers.items()]
    return "\n".join(lines) + "\n"


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def admin_token() -> str:
    """Return the administrator's token from the environment."""
    if ADMIN_TOKEN not in os.environ:
        raise HarnessError(f"set {ADMIN_TOKEN} to an administrator's token")
    return os.environ[ADMIN_TOKEN]


def main(arguments: list[str]) -> int:
    """Carry out the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.conformance.principals", description=__doc__)
    parser.add_argument("base_url", help="where DICOMweb is served")
    parser.add_argument("--accounting-url", help="of the accounting API (default: /accounting of that host)")
    parser.add_argument("--out", type=Path, required=True, help="the target.toml to write; must not exist")
    parser.add_argument(
        "--allows-all",
        action="store_true",
        help="the archive asks who calls and lets everyone do everything; access control is not checked",
    )
    given = parser.parse_args(arguments)
    base_url = given.base_url.rstrip("/")
    accounting_url = given.accounting_url or urlsplit(base_url)._replace(path="/accounting").geturl()
    try:
        target = set_up(base_url, accounting_url, admin_token(), decides=not given.allows_all)
        write_private(given.out, toml_of(target))
    except (Finding, HarnessError, FileExistsError) as error:
        print(f"principals: {error}", file=sys.stderr)  # noqa: T201 - a command line prints
        return USAGE_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
