"""One size is measured: every kind of question to every arm in turn, in short rounds, by one client.

The arms take turns within each kind rather than within each round, so that what is compared lies fractions of
a second apart. The order of the arms is balanced over the rounds.
"""

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from urllib.parse import urlsplit

from scenarios.arms import Arm
from scenarios.growth.archives import Archives
from scenarios.growth.kinds import Kind
from scenarios.growth.plan import BASELINE, GrowthPlan
from scenarios.growth.samples import GrowthSample
from scenarios.load.exchange import Exchange
from scenarios.load.line import Line
from scenarios.load.operations import DICOM_JSON
from scenarios.load.samples import parse_server_timing
from scenarios.schedule import orders

OK, CREATED, NO_CONTENT = 200, 201, 204
US_PER_MS = 1000
SHARE, REVOKE = ("share", None), ("revoke", None)


@dataclass(slots=True)
class GrowthMeasuring:
    """The measuring of one size; `faults` are requests that failed and answers that differ in length."""

    plan: GrowthPlan
    archives: Archives
    arms: Mapping[str, Arm]
    kinds: Sequence[Kind]
    tell: Callable[[str], None]
    samples: list[GrowthSample] = field(default_factory=list)
    faults: set[str] = field(default_factory=set)
    _lines: dict[str, Line] = field(default_factory=dict)
    _round: int = -1

    def run(self) -> None:
        """Compare the answers, warm up, and carry out all rounds."""
        for name, arm in self.arms.items():
            parts = urlsplit(arm.origin)
            self._lines[name] = Line(str(parts.hostname), int(parts.port or 80))
        self._compare()
        for _ in range(self.plan.warm_rounds):
            self._one_round(tuple(self.arms))
        self.samples.clear()
        gc.collect()
        gc.disable()
        try:
            for number, order in enumerate(orders(list(self.arms), self.plan.rounds, self.plan.seed)):
                self._round = number
                self._one_round(order)
                self.tell(f"round {number + 1}/{self.plan.rounds}: {len(self.samples)} requests so far")
        finally:
            gc.enable()
            for line in self._lines.values():
                line.close()

    def _one_round(self, order: Sequence[str]) -> None:
        for kind in self.kinds:
            for arm in order:
                wires = cycle(self._wires(kind, arm))
                for seq, wire in enumerate(islice(wires, self.plan.requests)):
                    exchange = self._lines[arm].send(wire, "GET")
                    self._record(arm, (kind.operation, kind.selectivity), seq, exchange, OK)
        for arm in order:
            if arm != BASELINE:
                self._share(arm)

    def _wires(self, kind: Kind, arm: str) -> Iterator[bytes]:
        line = self._lines[arm]
        for question in kind.questions:
            headers = {"Accept": question.accept, **self._bearer(arm, kind.user)}
            yield line.wire("GET", f"/dicom-web{question.path}", headers)

    def _bearer(self, arm: str, user: str) -> dict[str, str]:
        token = self.archives.by_arm[arm].tokens.get(user)
        return {} if token is None else {"Authorization": f"Bearer {token}"}

    def _share(self, arm: str) -> None:
        """Share studies with a reader, each by itself, and revoke each share."""
        head, line = self.archives.head, self._lines[arm]
        headers = {"Accept": "application/json", **self._bearer(arm, head.sharer)}
        for seq, target in enumerate(islice(cycle(head.sharers_targets), self.plan.shares)):
            body = {
                "subject": {"kind": "user", "name": head.readers[0].user},
                "resource": {"repository": head.sharers_repository, "study": target.study_uid},
                "operations": ["Q", "R"],
            }
            wire = line.wire("POST", "/accounting/shares", headers, json.dumps(body).encode())
            exchange = line.send(wire, "POST")
            if self._record(arm, SHARE, seq, exchange, CREATED) and exchange.answer is not None:
                path = f"/accounting/shares/{json.loads(exchange.answer.body)['id']}"
                exchange = line.send(line.wire("DELETE", path, headers), "DELETE")
                self._record(arm, REVOKE, seq, exchange, NO_CONTENT)

    def _record(
        self, arm: str, asked: tuple[str, float | None], seq: int, exchange: Exchange, good: int
    ) -> bool:
        """Keep a sample and tell whether the request succeeded; asked is an operation, by whom sees what."""
        operation, selectivity = asked
        answer, head = exchange.answer, self.archives.head
        status = answer.get_code() if answer and answer.headers_complete else None
        error = exchange.error or (None if status == good else f"status {status}")
        if error:
            self.faults.add(f"{head.studies} studies, arm {arm}, {operation}: {error}")
        timing = parse_server_timing((answer.header("server-timing") if answer else None) or "")
        self.samples.append(
            GrowthSample(
                instances=head.instances,
                studies=head.studies,
                arm=arm,
                selectivity=selectivity,
                operation=operation,
                round=self._round,
                seq=seq,
                sent_ns=exchange.sent_ns,
                first_byte_ns=exchange.first_byte_ns,
                end_ns=exchange.end_ns,
                status=status,
                response_bytes=answer.body_bytes if answer else None,
                server_total_us=timing["total"] * US_PER_MS if "total" in timing else None,
                server_index_us=timing["index"] * US_PER_MS if "index" in timing else None,
                sql_n=int(timing["sql"]) if "sql" in timing else None,
                error=error,
            )
        )
        return error is None

    def _compare(self) -> None:
        """Send every question once; answers of all arms have to be as long: so many results, or bytes."""
        for kind in self.kinds:
            found = {arm: [self._length(arm, wire) for wire in self._wires(kind, arm)] for arm in self.arms}
            if len({tuple(each) for each in found.values()}) > 1:
                self.faults.add(
                    f"{kind.operation} at {kind.selectivity:.2%}: answers differ in length: {found}"
                )

    def _length(self, arm: str, wire: bytes) -> int:
        exchange = self._lines[arm].send(wire, "GET")
        answer = exchange.answer
        if exchange.error or answer is None or answer.get_code() != OK:
            self.faults.add(f"arm {arm}: {exchange.error or 'a status other than 200'}")
            return -1
        is_list = (answer.header("content-type") or "").startswith(DICOM_JSON)
        return len(json.loads(answer.body)) if is_list else answer.body_bytes
