"""Tokens over the API."""

from typing import Any

from reference_server.accounting.tokens import issue_token, list_tokens, revoke_token
from reference_server.management.procedure import Asked
from reference_server.storage.database import Transaction


async def create_token(write: Transaction, asked: Asked) -> Any:
    """Give a user a token; this answer is the only place where it is ever shown."""
    return {"token": await issue_token(write, asked.path["name"], asked.body.time("expires"))}


async def get_tokens(write: Transaction, asked: Asked) -> Any:
    """List the tokens of a user that are in force, without what they are kept secret for."""
    return await list_tokens(write, asked.path["name"], asked.now)


async def delete_token(write: Transaction, asked: Asked) -> None:
    """Revoke a token of a user."""
    await revoke_token(write, asked.path["name"], asked.path["id"], asked.now)
