"""External: a decision service decides, in a process of its own, asked over loopback HTTP.

What it said may be taken as said for a while (`decision_ttl`): a revocation takes effect within that time,
keep-alive connections and conditional requests included, since a verdict is asked for before anything else of
an answer is. With 0 nothing is kept. If the service does not answer, nothing is decided and the request is
refused with 503. Without a URL, the archive starts a service for itself and ends it with itself.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import httpx
import orjson

from reference_server.accounting.decider import Party, Question, Reader, Verdict
from reference_server.accounting.deciding import staged
from reference_server.accounting.decision_process import decision_process
from reference_server.accounting.policy import Access, Credentials, Operation
from reference_server.accounting.resources import Resource
from reference_server.accounting.storing import StoringByGrant
from reference_server.errors import Unavailable
from reference_server.timing import measured

TIMEOUT_SECONDS = 5.0
MOST_KEPT = 200_000
UNDECIDED = "the decision service does not answer"
Key = tuple[Party, Operation, Resource]


class Kept:
    """Verdicts that are taken as said for a time; the oldest go first, when their time or the room is up."""

    def __init__(self, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._ttl = ttl
        self._clock = clock
        self._verdicts: dict[Key, tuple[float, Verdict]] = {}

    def known(self, keys: Sequence[Key]) -> dict[Key, Verdict]:
        """Return the verdicts that still hold, by key."""
        if not self._ttl:
            return {}
        now = self._clock()
        found = {key: self._verdicts.get(key) for key in keys}
        return {key: kept[1] for key, kept in found.items() if kept is not None and kept[0] > now}

    def keep(self, verdicts: dict[Key, Verdict], asked_at: float) -> None:
        """Keep verdicts that were asked for at a time of this clock."""
        if not self._ttl:
            return
        for key, verdict in verdicts.items():
            self._verdicts.pop(key, None)  # so that the order is that of age
            self._verdicts[key] = (asked_at + self._ttl, verdict)
        while self._verdicts:
            oldest = next(iter(self._verdicts))
            if len(self._verdicts) <= MOST_KEPT and self._verdicts[oldest][0] > asked_at:
                return
            del self._verdicts[oldest]

    def now(self) -> float:
        """Return the time by which verdicts age."""
        return self._clock()


class DecisionClient:
    """Asks the service about what is not known already, in one request per question."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._client: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def connected(self, url: str) -> AsyncIterator[None]:
        """Keep connections to the service at this URL."""
        # Neither a proxy nor a netrc of the environment stands between the archive and its decisions.
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False) as self._client:
            yield

    async def decide(self, reader: Reader, question: Question) -> list[Verdict]:  # noqa: ARG002  the protocol's signature
        """Return the verdict on each resource; raises Unavailable where the service does not give it."""
        with measured("authz"):
            keys = [(question.party, question.operations, resource) for resource in question.resources]
            verdicts = self._kept.known(keys)
            unknown = [key for key in keys if key not in verdicts]
            if unknown:
                asked_at = self._kept.now()
                resources = [resource for _, _, resource in unknown]
                given = await self._ask(question, resources)
                new = dict(zip(unknown, given, strict=True))
                self._kept.keep(new, asked_at)
                verdicts |= new
            return [verdicts[key] for key in keys]

    async def _ask(self, question: Question, resources: Sequence[Resource]) -> list[Verdict]:
        body = {
            "party": question.party,
            "operations": question.operations,
            "now": question.now,
            "resources": [[e.repository_id, e.study_id, e.series_id, e.instance_id] for e in resources],
        }
        if self._client is None:
            raise Unavailable(UNDECIDED)
        try:
            answer = await self._client.post("/decisions", content=orjson.dumps(body))
            if answer.status_code != HTTPStatus.OK:
                raise Unavailable(UNDECIDED)
            given = [Verdict(Operation(w), Operation(p)) for w, p in orjson.loads(answer.content)["verdicts"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(UNDECIDED) from error
        if len(given) != len(resources):
            raise Unavailable(UNDECIDED)
        return given


class External(StoringByGrant):
    """A decision service decides, after the index has matched."""

    accounts = True
    preparation = "unmaterialised.sql"

    def __init__(self, data: Path, url: str, ttl: float) -> None:
        """Ask the service at the URL, or without one a service on the data folder that is started."""
        self._data = data
        self._url = url
        self._client = DecisionClient(Kept(ttl))

    def access(self, credentials: Credentials, now: float) -> Access:
        """Return the access about whose candidates the service is asked."""
        return staged(self._client, credentials, now)

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Keep connections to the service, which is started where none is named."""
        return self._client.connected(self._url) if self._url else self._with_own_service()

    @asynccontextmanager
    async def _with_own_service(self) -> AsyncIterator[None]:
        async with decision_process(self._data) as url, self._client.connected(url):
            yield
