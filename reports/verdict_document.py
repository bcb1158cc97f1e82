"""verdicts.json: the verdicts as data, for a regression gate or another analysis.

Its form is described by verdicts.schema.json; a change that breaks a reader raises the number in `SCHEMA`.
"""

import json
from typing import Any

from reports.analysis import Analysis
from reports.stats import CONFIDENCE, Interval
from reports.verdicts import Finding

SCHEMA = "dicomweb-phantom/verdicts/1"
METHOD = "Hodges-Lehmann and exact signed-rank interval of per-round log ratios of medians; Holm; TOST"


def verdict_document(analysis: Analysis) -> dict[str, Any]:
    """Return the content of verdicts.json."""
    run = analysis.run
    return {
        "schema": SCHEMA,
        "run": run.id,
        "status": run.status,
        "faults": list(run.faults),
        "missing": list(analysis.missing),
        "injected_delay_us": run.delays_us,
        "clock": run.clock,
        "baseline": analysis.baseline,
        "margin": _finite(analysis.margin.fraction),
        "margin_ms": _finite(analysis.margin.absolute_ms),
        "confidence": CONFIDENCE,
        "method": METHOD,
        "rows": [
            {"phase": phase.run.phase.name, "clock": phase.run.clock} | _row(finding)
            for phase in analysis.phases
            for each in phase.all_pairs
            for finding in each.findings
        ],
    }


def write_verdicts(analysis: Analysis) -> None:
    """Write verdicts.json into the run folder."""
    text = json.dumps(verdict_document(analysis), indent=1, allow_nan=False)
    (analysis.run.path / "verdicts.json").write_text(text + "\n", encoding="utf-8")


def _row(finding: Finding) -> dict[str, Any]:
    effect, decision = finding.effect, finding.decision
    return {
        "operation": effect.operation,
        "arm": effect.pair.arm,
        "baseline": effect.pair.baseline,
        "n": effect.n,
        "arm_ms": effect.arm_ms,
        "baseline_ms": effect.baseline_ms,
        "ratio": effect.ratio,
        **_ends("", effect.interval),
        "delta_ms": effect.delta_ms,
        **_ends("delta_", effect.delta_interval_ms, "_ms"),
        "noise_floor": finding.noise_floor,
        "noise_floor_ms": finding.noise_floor_ms,
        "mde": effect.mde,
        "margin": decision.margin,
        "p_exceeds": decision.p_exceeds,
        "p_within": decision.p_within,
        "verdict": str(finding.verdict),
        "underpowered": finding.underpowered,
        "verdict_of_fraction_alone": str(finding.relative.verdict),
        **_ends("t_", effect.t_interval),
        **_ends("bca_", effect.bca_interval),
        **_ends("restart_", effect.restart_interval),
        "p_restarts": effect.p_restarts,
        "notes": list(finding.notes),
    }


def _ends(prefix: str, interval: Interval | None, unit: str = "") -> dict[str, float | None]:
    return {
        f"{prefix}low{unit}": interval.low if interval else None,
        f"{prefix}high{unit}": interval.high if interval else None,
    }


def _finite(value: float) -> float | None:
    """Return the value, None for a margin that was switched off."""
    return value if value < float("inf") else None
