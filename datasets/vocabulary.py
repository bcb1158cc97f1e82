"""Names and descriptions are put together from words for things, never persons or institutions."""

FAMILY_NAMES = (
    "Anchor", "Basalt", "Cedar", "Dune", "Ember", "Fjord", "Granite", "Harbor", "Islet", "Juniper", "Kelp",
    "Lagoon", "Meadow", "Nutmeg", "Orchard", "Pebble", "Quartz", "Rowan", "Summit", "Thicket", "Upland",
    "Valley", "Willow", "Yarrow",
)  # fmt: skip
GIVEN_NAMES = (
    "Amber",
    "Birch",
    "Clover",
    "Dawn",
    "Fern",
    "Hazel",
    "Indigo",
    "Lark",
    "Moss",
    "Reed",
    "Sage",
    "Wren",
)
MIDDLE_NAMES = ("", "", "A", "Q", "Sky", "Vale")
PREFIXES = ("", "", "", "Dr")
# Names outside ASCII: one with accents, one in three representations (PS3.5 6.2.1).
INTERNATIONAL_NAMES = ("Brücke^Ähre", "Señal^Río", "Yamabuki^Sora=山吹^空=やまぶき^そら")
PHYSICIANS = ("Beacon^Tor", "Compass^Nor", "Lantern^Eve", "Sextant^Ray", "Signal^May")

ORGANIZATIONS = ("amber", "cobalt", "fern", "ivory", "ochre", "slate")
DEPARTMENTS = ("imaging", "clinic", "outpatient")
ROLES = ("radiologist", "referrer", "researcher")

MANUFACTURER = "Phantom Works"

BODY_PARTS = {
    "CT": ("CHEST", "ABDOMEN", "HEAD"),
    "MR": ("HEAD", "KNEE", "LSPINE"),
    "PT": ("CHEST", "ABDOMEN"),
    "CR": ("CHEST", "HAND", "KNEE"),
    "US": ("ABDOMEN", "HEART"),
}
SERIES_WORDS = {
    "CT": ("Scout", "Axial 2.0", "Axial 1.0 lung", "Portal venous", "Delayed"),
    "MR": ("T1 axial", "T2 axial", "FLAIR", "DWI", "T1 post contrast"),
    "PT": ("AC", "NAC", "Late"),
    "CR": ("PA", "Lateral", "Oblique"),
    "US": ("Sweep", "Long axis", "Short axis"),
    "SR": ("Report",),
}
REPORT_SENTENCES = (
    "The phantom is complete and lies in the centre of the field.",
    "No change since the study before.",
    "The inner ellipses are sharp; the noise is what was asked for.",
    "Repeat when the seed changes.",
)
