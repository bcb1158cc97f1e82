"""The rules of a design: an access for each kind of credentials, composed once and bound for each read.

What tells two reads of one kind apart are values: the time, the token, the name of the user. So a read
composes no SQL, which would take longer than most statements do.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from reference_server.accounting.policy import Access, Credentials
from reference_server.accounting.surveys import survey_statement
from reference_server.storage.predicate import NOW, Predicate, Slot
from reference_server.storage.sights import Survey

TOKEN, USER = Slot("SHA-256 of the token"), Slot("name of the user")
Kind = tuple[bool, bool, bool]  # whether there is a token, whether it is a link's, whether a user is named


@dataclass(frozen=True, slots=True)
class _Rule:
    access: Access
    survey: Predicate | None


class Rules:
    """What a design decides for credentials of each kind."""

    def __init__(self, compose: Callable[[Credentials], Access]) -> None:
        """Take the function that composes the access of credentials, with the slot `NOW` for the time."""
        self._compose = compose
        self._rules: dict[Kind, _Rule] = {}

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return the access of credentials at a time.

        What callers with roles from a signed token see is not remembered, nor is what bearers of links see:
        roles come with each request, and what a link shows follows from what two principals may do.
        """
        if credentials.roles:
            return replace(self._compose(credentials), binding={NOW: now})
        kind = (credentials.token_hash is not None, credentials.link, credentials.user is not None)
        rule = self._rules.get(kind)
        if rule is None:
            rule = self._rules[kind] = self._rule(kind)
        binding = {NOW: now, TOKEN: credentials.token_hash, USER: credentials.user}
        survey = (
            None
            if rule.survey is None
            else Survey(credentials.token_hash or credentials.user, now, rule.survey, binding)
        )
        return rule.access.bound(binding, survey)

    def _rule(self, kind: Kind) -> _Rule:
        by_token, link, by_name = kind
        credentials = Credentials(TOKEN if by_token else None, link, USER if by_name else None)
        access = replace(self._compose(credentials), name=(self, kind))
        return _Rule(access, None if link else survey_statement(credentials))
