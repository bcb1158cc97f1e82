"""The history of regression runs: one JSON line per run, compared only with lines of the same machine.

The same source differs by a quarter between two machines of one cloud, and by less than a percent within
one job. So base and head decide about a change, and history only tells where a machine has been before.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.run import Run

TOLD = 5  # changes at most


def machine_of(run: Run) -> str | None:
    """Return the identity of the machine that the run was carried out on; None if it did not record one."""
    found = run.document.get("environment", {}).get("machine_id")
    return str(found) if found else None


def append(run: Run, gates: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Append one line for the run."""
    document = run.document
    arms = document.get("arms", {})
    line = {
        "run": run.id,
        "started": document.get("started"),
        "machine_id": machine_of(run),
        "revision": document.get("environment", {}).get("revision"),
        "modified": document.get("environment", {}).get("modified"),
        "base": arms.get("base", {}).get("settings", {}).get("commit"),
        "head": arms.get("head", {}).get("settings", {}).get("commit"),
        "values": {f"{gate['measure']}: {gate['operation']}": gate["head"] for gate in gates},
        "tripped": [f"{gate['measure']}: {gate['operation']}" for gate in gates if gate["tripped"]],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def earlier_of_this_machine(run: Run, path: Path) -> dict[str, Any] | None:
    """Return the last line of the same machine; None without one. Lines of other machines do not count."""
    machine = machine_of(run)
    if machine is None or not path.is_file():
        return None
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return next((line for line in reversed(lines) if line.get("machine_id") == machine), None)


def told_change(values: Mapping[str, float], earlier: Mapping[str, Any] | None) -> list[str]:
    """Return the largest changes since an earlier run, as sentences."""
    if earlier is None:
        return ["History: no earlier run on this machine."]
    before: dict[str, float] = earlier["values"]
    changes = {name: values[name] / before[name] - 1 for name in values if before.get(name)}
    largest = sorted(changes, key=lambda name: -abs(changes[name]))[:TOLD]
    told = ", ".join(f"{name} {changes[name]:+.1%}" for name in largest)
    return [f"History: since {earlier['run']} on this machine, the most: {told or 'nothing'}."]
