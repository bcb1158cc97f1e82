"""What the client itself costs, as the campaign measured it beside a loop on a bare socket in the same run.

The client's share of a latency is what the harness takes longer than the bare socket does for the same
request. It is in every arm, so that it makes a ratio a little smaller than the archive's own. The capacity is
how many small requests per second one core of the generator sends at most; a run that asks for more is
invalid.
"""

from dataclasses import dataclass

import pandas as pd

from reports.run import Run


@dataclass(frozen=True, slots=True)
class ClientShare:
    """One request of one arm by a bare socket and by the harness: medians over the starts of the servers."""

    arm: str
    operation: str
    raw_socket_ms: float
    harness_ms: float
    calibrations: int

    @property
    def share(self) -> float:
        """The part of the harness's time that is the client's."""
        return 1 - self.raw_socket_ms / self.harness_ms


@dataclass(frozen=True, slots=True)
class ClientCost:
    """The client's shares, and how many requests per second one core of it can send; None is not recorded."""

    shares: tuple[ClientShare, ...]
    capacity_per_s: float | None
    capacity_operation: str


def client_cost_of(run: Run) -> ClientCost:
    """Return what the run recorded about its client; empty for a run that recorded nothing."""
    told = run.document.get("client") or {}
    frame = pd.DataFrame(told.get("calibrations", []))
    shares = []
    if not frame.empty:
        for (arm, operation), rows in frame.groupby(["arm", "operation"], sort=False):
            medians = rows[["raw_socket_ms", "harness_ms"]].median()
            times = (float(medians["raw_socket_ms"]), float(medians["harness_ms"]))
            shares.append(ClientShare(str(arm), str(operation), *times, len(rows)))
    capacity = told.get("capacity_per_s")
    return ClientCost(
        tuple(shares), float(capacity) if capacity else None, str(told.get("capacity_operation", ""))
    )
