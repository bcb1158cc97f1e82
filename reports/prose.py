"""Sentences that are computed from an analysis: what the report and the notebooks say in words.

No sentence is written by hand about a result, so none can be left behind by a new run.
"""

from collections.abc import Sequence

from reports.analysis import Analysis, PairFindings
from reports.stats import Interval
from reports.verdicts import Finding, Margin, Verdict

SPACE = "\N{NO-BREAK SPACE}"
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"


def ratio_text(value: float) -> str:
    """Return a ratio as a reader sees it."""
    return f"{TIMES}{value:.3f}" if value < 10 else f"{TIMES}{value:.1f}"  # noqa: PLR2004  three digits suffice


def interval_text(interval: Interval | None, digits: int = 3, *, signed: bool = False) -> str:
    """Return an interval as "low to high", a dash where there is none."""
    if interval is None:
        return "-"
    sign = "+" if signed else ""
    return f"{interval.low:{sign}.{digits}f} to {interval.high:{sign}.{digits}f}".replace("-", MINUS)


def ms_text(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """Return milliseconds, a dash where they are not known."""
    if value is None:
        return "-"
    return f"{value:{'+' if signed else ''}.{digits}f}".replace("-", MINUS)


def percent_text(value: float | None, digits: int = 1) -> str:
    """Return a fraction as a percentage, a dash where it is not known."""
    return "-" if value is None else f"{100 * value:.{digits}f}{SPACE}%".replace("-", MINUS)


def margin_text(margin: Margin, joint: str = "or") -> str:
    """Return the margins of the run in words: above one `or` the other, or within one `and` the other."""
    parts = []
    if margin.fraction < float("inf"):
        parts.append(f"{100 * margin.fraction:g}{SPACE}%")
    if margin.absolute_ms < float("inf"):
        parts.append(f"{margin.absolute_ms:g}{SPACE}ms")
    return f" {joint} ".join(parts)


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def headline(analysis: Analysis) -> str:
    """Return the answer of the run in one sentence."""
    main = analysis.main
    if main is None or not main.findings:
        return "This run compares no arm with its baseline, so it answers nothing."
    total = len(main.findings)
    exceeding, within = (
        sum(finding.verdict is verdict for finding in main.findings)
        for verdict in (Verdict.EXCEEDS, Verdict.WITHIN)
    )
    subject, margin = f'Arm "{main.pair.arm}"', margin_text(analysis.margin)
    if exceeding:
        return f"{subject} costs more than {margin} on {exceeding} of {total} operations."
    if within == total:
        both = margin_text(analysis.margin, "and")
        return f'{subject} stays within {both} of "{main.pair.baseline}" on all {total} operations.'
    return (
        f"{subject} is not shown to cost more than {margin} on any of {total} operations; "
        f"{within} {'is' if within == 1 else 'are'} shown to stay within."
    )


def details(pair: PairFindings) -> list[str]:
    """Return what stands behind the answer: the range of effects, and what could not be decided."""
    sentences = []
    groups = {word: [f for f in pair.findings if f.word == word] for word in ("within", "inconclusive")}
    exceeding = [f for f in pair.findings if f.verdict is Verdict.EXCEEDS]
    if exceeding:
        least, most = (pick(exceeding, key=lambda f: f.effect.ratio) for pick in (min, max))
        sentences.append(f"Where it exceeds, it adds from {_effect(least)} to {_effect(most)}.")
    if groups["within"]:
        sentences.append(f"Within the margin: {_names(groups['within'])}.")
    if groups["inconclusive"]:
        sentences.append(
            f"Not decided, although this run could have found it: {_names(groups['inconclusive'])}."
        )
    if weak := [f for f in pair.findings if f.underpowered]:
        sentences.append(
            f"Underpowered, so that nothing follows about the margin: {_names(weak)}. "
            "More rounds, or more requests per block, would decide."
        )
    return sentences


def _names(findings: Sequence[Finding]) -> str:
    return listed([finding.effect.operation for finding in findings])


def _effect(finding: Finding) -> str:
    effect = finding.effect
    more, delta = f"{100 * (effect.ratio - 1):.0f}{SPACE}%", ms_text(effect.delta_ms, signed=True)
    return f"{more} ({delta}{SPACE}ms, {effect.operation})"


def twin_sentence(analysis: Analysis) -> str:
    """Return the A/A result: whether two identical arms look alike."""
    if analysis.twin is None:
        return "There is no twin of the baseline: nothing shows how large a difference noise alone makes."
    findings = analysis.twin.findings
    holding = [f for f in findings if f.effect.interval is not None]
    apart = [f for f in holding if f.effect.interval and not f.effect.interval.contains(1.0)]
    floors = [f.noise_floor for f in holding if f.noise_floor is not None]
    if not floors:
        return "Too few rounds for an A/A interval: the noise floor is unknown."
    start = f"A/A: in {len(holding) - len(apart)} of {len(findings)} operations the 95 % interval contains 1"
    rest = f" (not in {_names(apart)}; one in twenty is expected to miss)" if apart else ""
    low, high = percent_text(min(floors)), percent_text(max(floors))
    return f"{start}{rest}. The noise floor is {low} to {high}."


def agreement_sentence(pair: PairFindings) -> str:
    """Return whether the client's difference and the server's agree."""
    rows = pair.decompositions
    if not rows:
        return "The archive sends no Server-Timing, so its time cannot be taken apart."
    apart = [each for each in rows if each.agrees is False]
    if all(each.agrees is None for each in rows):
        return "Without a noise floor it cannot be said whether client and server agree."
    if not apart:
        return "Client and server agree on every operation, within the noise floor."
    most = max(apart, key=lambda each: abs(each.client_ms - each.server_ms))
    return (
        "Client and server disagree by more than the noise floor on "
        f"{len(apart)} of {len(rows)} operations, most on {most.operation}: "
        f"the client saw {ms_text(most.client_ms, signed=True)} ms, "
        f"the server reports {ms_text(most.server_ms, signed=True)} ms. "
        "What the server cannot see is reading the request, writing the body, the network, and the client."
    )


def phase_title(analysis: Analysis) -> str:
    """Return how a phase asked, as a heading."""
    phase = analysis.run.phase
    if not phase.is_open:
        return f"{phase.name}: closed loop"
    share = f", {percent_text(phase.share_of_capacity, 0)} of the capacity" if phase.share_of_capacity else ""
    rate = f"{phase.rate_per_s:.4g} arrivals per second" if phase.rate_per_s else "random arrivals"
    return f"{phase.name}: {rate}{share}"


def phase_sentence(analysis: Analysis) -> str:
    """Return what a phase found, in one sentence that begins with how it asked."""
    return f"{phase_title(analysis)}. {headline(analysis)}"


def client_sentence(analysis: Analysis) -> str:
    """Return what part of the time is the client's own, and how much one core of it can send."""
    client = analysis.client
    costs = [
        each.generator_cpu_ms_per_request
        for each in analysis.loads
        if each.generator_cpu_ms_per_request is not None
    ]
    sentences = []
    if costs:
        sentences.append(f"The generator spends up to {ms_text(max(costs))} ms of its CPU on a request.")
    if client.shares:
        least, most = (pick(client.shares, key=lambda each: each.share) for pick in (min, max))
        sentences.append(
            f"Of what it measures, {percent_text(least.share)} ({least.operation}) to "
            f"{percent_text(most.share)} ({most.operation}) is the client's: so much longer "
            "than a bare socket does it take for the same request in the same run."
        )
    if client.capacity_per_s:
        sentences.append(
            f"One core of it sends at most {client.capacity_per_s:,.0f} requests per second "
            f"({client.capacity_operation}); a run that asks for more is invalid."
        )
    return " ".join(sentences) or "The run recorded nothing about what its client costs."


def warnings(analysis: Analysis) -> list[str]:
    """Return what a reader has to know first: invalid, incomplete, or made to test the harness."""
    run = analysis.run
    found = []
    if run.status != "complete":
        found.append(f"The campaign ended as {run.status}; this describes what was measured until then.")
    found += [f"Not valid: {fault}" for fault in run.faults]
    for arm, delay in run.delays_us.items():
        found.append(
            f"The generator added {delay} us to every request of arm {arm}. This run tests the harness; "
            "it says nothing about an archive."
        )
    if run.document.get("environment", {}).get("modified"):
        found.append("The source had uncommitted changes: its revision does not identify what was measured.")
    return found
