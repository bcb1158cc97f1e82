"""The plan of one arm: which archive it is, and what its settings are, as the campaign file says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# What the harness chooses itself, so that arms can run side by side and start empty.
OURS = {
    "reference": ("data", "host", "port", "accounting", "base_path"),
    "orthanc": (
        "HttpPort",
        "StorageDirectory",
        "IndexDirectory",
        "RemoteAccessAllowed",
        "Plugins",
        "DicomWeb",
    ),
}

Setting = str | int | float | bool


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """One arm: a reference server (`accounting`), Orthanc (`orthanc`) or an archive that runs (`target`).

    `settings` are those of the archive's own command line or configuration. `revision` is a git revision of
    this repository whose reference server is the arm; without one it is the code as it lies here.
    """

    name: str
    accounting: str = ""
    target: str = ""
    orthanc: bool = False
    revision: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    delay_us: int = 0  # spun between the clock and the write
    pause_us: int = 0  # spun before the clock, in the closed loop

    @property
    def is_foreign(self) -> bool:
        """Tell whether the archive is not the reference server."""
        return bool(self.target or self.orthanc)

    @property
    def description(self) -> str:
        """Say in a few words what the arm is."""
        code = f" of revision {self.revision}" if self.revision else ""
        what = self.target or ("Orthanc" if self.orthanc else f"accounting {self.accounting}{code}")
        return ", ".join([what, *(f"{name} = {value}" for name, value in self.settings.items())])

    @property
    def fault(self) -> str | None:
        """Return why no archive can be started like this; None if one can."""
        kinds = [name for name in ("accounting", "target", "orthanc") if getattr(self, name)]
        given: object = self.settings  # a file may hold anything
        settings: dict[str, object] = dict(given) if isinstance(given, Mapping) else {}
        odd = [name for name, value in settings.items() if not isinstance(value, Setting)]
        taken = [name for name in settings if name in OURS["orthanc" if self.orthanc else "reference"]]
        rules = (
            (len(kinds) == 1, "needs one of accounting (a reference server), orthanc = true and target"),
            (self.orthanc in (True, False), f"orthanc is {self.orthanc!r}; write true"),
            (isinstance(given, Mapping), "settings has to be a table: {durability = 'process'}"),
            (not odd, f"settings.{''.join(odd[:1])} is no text, number, true or false"),
            (not taken, f"settings.{''.join(taken[:1])} is chosen by the harness"),
            (not (self.target and settings), "settings are for an archive that the harness starts"),
            (not (self.is_foreign and self.revision), "revision is one of this repository: give accounting"),
            (self.delay_us >= 0, f"delay_us is {self.delay_us}; a delay cannot be negative"),
            (self.pause_us >= 0, f"pause_us is {self.pause_us}; a delay cannot be negative"),
        )
        return next((sentence for holds, sentence in rules if not holds), None)
