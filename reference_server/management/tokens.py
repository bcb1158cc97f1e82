"""Tokens over the API."""

from typing import Any

from reference_server.accounting.tokens import issue_token
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_token(write: Transaction, asked: Asked) -> Any:
    """Give a user a token; this answer is the only place where it is ever shown."""
    return {"token": await issue_token(write, asked.path["name"], asked.body.time("expires"))}
