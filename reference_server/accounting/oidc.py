"""Tokens of an identity provider: signed JSON Web Tokens of OpenID Connect (RFC 7519, RFC 9068).

A token counts if a key of the provider signed it with an asymmetric algorithm, and its issuer, audience,
expiry and begin are right to the second. One claim names the user; another, if it is set, lists roles that
the caller has beside those which the archive knows. Both have to exist here: an identity provider says who
someone is, the archive what they may do.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt

from reference_server.accounting.policy import Credentials
from reference_server.errors import Unauthorized, Unavailable

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
FETCH_SECONDS = 5.0
REFETCH_SECONDS = 10.0  # a token with an unknown key makes the keys be read again, but no more often


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider; `jwks` is the URL or the file of its keys."""

    issuer: str
    audience: str
    jwks: str
    user_claim: str = "sub"
    roles_claim: str = ""


class KeySet:
    """The keys of a provider, read when they are first needed and again when a token names an unknown one."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._read_at = -REFETCH_SECONDS

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """Return a key; an unknown one raises Unauthorized, and Unavailable if the keys cannot be read."""
        if key_id not in self._keys and time.monotonic() - self._read_at >= REFETCH_SECONDS:
            self._keys = await self._read()
            self._read_at = time.monotonic()
        if key_id not in self._keys:
            raise Unauthorized("the key of the bearer token is not known")
        return self._keys[key_id]

    async def _read(self) -> dict[str | None, jwt.PyJWK]:
        try:
            keys = jwt.PyJWKSet.from_json(await self._document()).keys
        except (httpx.HTTPError, OSError, ValueError, jwt.PyJWTError) as error:
            if self._keys:
                return self._keys
            raise Unavailable("the keys of the identity provider cannot be read") from error
        return {key.key_id: key for key in keys}

    async def _document(self) -> str:
        if self._source.startswith(("https://", "http://")):
            async with httpx.AsyncClient(timeout=FETCH_SECONDS) as client:
                return (await client.get(self._source)).raise_for_status().text
        return await asyncio.to_thread(Path(self._source).read_text, encoding="utf-8")


class TokenVerifier:
    """Verifies the tokens of one provider."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._keys = KeySet(provider.jwks)

    async def verify(self, token: str) -> Credentials:
        """Return who the token speaks of; anything wrong with it raises Unauthorized."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.key(key_id)
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._provider.issuer,
                audience=self._provider.audience,
                options={"require": ["exp", "iss", "aud", self._provider.user_claim]},
            )
        except jwt.PyJWTError as error:
            raise Unauthorized("the bearer token is not valid") from error
        return self._credentials(claims)

    def _credentials(self, claims: dict[str, Any]) -> Credentials:
        user = claims[self._provider.user_claim]
        roles = claims.get(self._provider.roles_claim, []) if self._provider.roles_claim else []
        roles = roles.split() if isinstance(roles, str) else roles
        if not isinstance(user, str) or not user or not isinstance(roles, list):
            raise Unauthorized("the bearer token names nobody")
        return Credentials(user=user, roles=tuple(role for role in roles if isinstance(role, str)))
