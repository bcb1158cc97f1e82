"""Colours of figures and report: one light set in the files, and a dark one that the report switches to.

A figure is drawn in the light colours. In the report its colours become CSS variables, so that it follows the
reader's preference. Meaning never rests on colour alone: verdicts differ in their markers, parts in their
order.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour in light and in dark surroundings, and the CSS variable that holds it."""

    name: str
    light: str
    dark: str

    @property
    def variable(self) -> str:
        """The name of the CSS variable."""
        return f"--{self.name}"


INK = Colour("ink", "#1d232b", "#e6e9ee")
SOFT_INK = Colour("soft-ink", "#59636f", "#a3adb9")
RULE = Colour("rule", "#d5d9df", "#3a424c")
BAND = Colour("band", "#e9ecf0", "#2b323b")
PAPER = Colour("paper", "#fefefe", "#14181d")

OFF = Colour("arm-off", "#6a7380", "#9aa4b1")
OFF2 = Colour("arm-off2", "#a9b0ba", "#6b7581")
NULL = Colour("arm-null", "#2b7a9b", "#5db4d6")
ON = Colour("arm-on", "#bd5215", "#f0914f")
OTHERS = (
    Colour("arm-3", "#5f7a2a", "#a6c463"),
    Colour("arm-4", "#8459a3", "#bf97dd"),
    Colour("arm-5", "#9b3350", "#e0839d"),
    Colour("arm-6", "#34706a", "#73b9b1"),
)
ARMS = {"off": OFF, "off2": OFF2, "null": NULL, "on": ON}

EXCEEDS = Colour("exceeds", "#b4400f", "#f58b52")
WITHIN = Colour("within", "#1c7a61", "#56c3a4")
INCONCLUSIVE = Colour("inconclusive", "#6c7581", "#98a2ae")

PARTS = {
    "parse": Colour("part-parse", "#4d6fb3", "#8fabe6"),
    "authn": Colour("part-authn", "#8660a8", "#bb98dc"),
    "authz": Colour("part-authz", "#c65f1f", "#ee9355"),
    "index": Colour("part-index", "#2f8094", "#64b8cc"),
    "blob": Colour("part-blob", "#a99324", "#d9c65b"),
    "encode": Colour("part-encode", "#b0567f", "#e094b8"),
    "socket": Colour("part-socket", "#5f8f4a", "#9dcb86"),
    "app": Colour("part-app", "#7b8896", "#8e9baa"),
    "outside": Colour("part-outside", "#c3c9d1", "#4c5661"),
}

ALL = (
    INK, SOFT_INK, RULE, BAND, PAPER, *ARMS.values(), *OTHERS, EXCEEDS, WITHIN, INCONCLUSIVE, *PARTS.values(),
)  # fmt: skip


def arm_colours(arms: tuple[str, ...]) -> dict[str, Colour]:
    """Return a colour for each arm; the standard arms always have theirs."""
    others = iter(OTHERS * len(arms))
    return {arm: ARMS.get(arm) or next(others) for arm in arms}
