"""Ownership of studies over the API."""

from typing import Any

from reference_server.accounting.resources import ResourceName
from reference_server.accounting.transfer import Owner, owner_of, transfer
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


def _study(asked: Asked) -> ResourceName:
    return ResourceName(asked.path["repository"], asked.path["study"])


async def get_owner(write: Transaction, asked: Asked) -> Any:
    """Read who owns a study, by who may share it or owns it."""
    return await owner_of(write, asked.caller, _study(asked), asked.now)


async def put_owner(write: Transaction, asked: Asked) -> Any:
    """Transfer a study to a facility and a user, or to a facility alone, by who owns it."""
    new = Owner(asked.body.text("facility"), asked.body.optional_text("user"))
    await transfer(write, asked.caller, _study(asked), new, asked.now)
    return new
