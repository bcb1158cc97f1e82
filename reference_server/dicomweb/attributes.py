"""Which attributes belong to which level, and which of them a search returns without being asked.

Sources: PS3.18 Tables 10.6.3-3 to 10.6.3-5 (returned), PS3.4 C.6.2 and the Patient, General Study, General
Series and General Equipment modules of PS3.3 (kept at their level, for matching and includefield).
"""

import hashlib
import re
from dataclasses import dataclass

from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR, tag_for_keyword

from reference_server.settings import SettingsError
from reference_server.storage.records import Level

_HEX_TAG = re.compile(r"[0-9A-Fa-f]{8}\Z", re.ASCII)


def tags(keywords: str) -> tuple[int, ...]:
    """Return the tags of a list of keywords; an unknown keyword is an error of this module."""
    found = [(keyword, tag_for_keyword(keyword)) for keyword in keywords.split()]
    unknown = [keyword for keyword, tag in found if tag is None]
    if unknown:
        raise ValueError(f"not in the data dictionary: {unknown}")
    return tuple(tag for _, tag in found if tag is not None)


STUDY_UID = 0x0020000D
MODALITIES_IN_STUDY = 0x00080061
INSTANCE_AVAILABILITY = 0x00080056
RETRIEVE_URL = 0x00081190
STUDY_RELATED_SERIES = 0x00201206
STUDY_RELATED_INSTANCES = 0x00201208
SERIES_RELATED_INSTANCES = 0x00201209
SPECIFIC_CHARACTER_SET = 0x00080005
TIMEZONE_OFFSET = 0x00080201

# What this archive says of a result; it is nothing to search by.
COMPUTED = frozenset(
    {
        INSTANCE_AVAILABILITY,
        RETRIEVE_URL,
        STUDY_RELATED_SERIES,
        STUDY_RELATED_INSTANCES,
        SERIES_RELATED_INSTANCES,
    }
)

# Type R of the tables: present in every result, with an empty value where the archive knows none.
REQUIRED: dict[Level, tuple[int, ...]] = {
    Level.STUDY: tags(
        "StudyDate StudyTime AccessionNumber ReferringPhysicianName PatientName PatientID PatientBirthDate "
        "PatientSex StudyInstanceUID StudyID"
    ),
    Level.SERIES: tags("Modality SeriesInstanceUID SeriesNumber"),
    Level.INSTANCE: tags("SOPClassUID SOPInstanceUID InstanceNumber"),
}

# The names whose words are in the table `name_word`.
INDEXED_NAMES = tags("PatientName ReferringPhysicianName")

# Present in every result where the archive knows a value.
KNOWN: dict[Level, tuple[int, ...]] = {
    Level.STUDY: (SPECIFIC_CHARACTER_SET, TIMEZONE_OFFSET),
    Level.SERIES: (
        SPECIFIC_CHARACTER_SET,
        TIMEZONE_OFFSET,
        *tags(
            "SeriesDescription PerformedProcedureStepStartDate PerformedProcedureStepStartTime "
            "RequestAttributesSequence"
        ),
    ),
    Level.INSTANCE: (
        SPECIFIC_CHARACTER_SET,
        TIMEZONE_OFFSET,
        *tags("Rows Columns BitsAllocated NumberOfFrames"),
    ),
}

# Further attributes of a level that can be matched and included.
KEPT: dict[Level, tuple[int, ...]] = {
    Level.STUDY: tags(
        "StudyDescription IssuerOfPatientID OtherPatientIDs OtherPatientNames PatientBirthTime PatientAge "
        "PatientSize PatientWeight EthnicGroup Occupation AdditionalPatientHistory PatientComments "
        "PatientSexNeutered PhysiciansOfRecord NameOfPhysiciansReadingStudy AdmittingDiagnosesDescription "
        "ProcedureCodeSequence IssuerOfAccessionNumberSequence ReferencedStudySequence AdmissionID "
        "InstitutionalDepartmentName"
    ),
    Level.SERIES: tags(
        "SeriesDate SeriesTime BodyPartExamined Laterality PatientPosition ProtocolName "
        "PerformingPhysicianName OperatorsName InstitutionName StationName Manufacturer "
        "ManufacturerModelName SoftwareVersions PerformedProcedureStepID PerformedProcedureStepDescription "
        "FrameOfReferenceUID SeriesType"
    ),
    Level.INSTANCE: (),
}


FORMAT = 1  # of the columns and tables that are derived from the metadata; a change asks for a reindex


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Which attributes the index keeps with a study, a series and an instance.

    What it keeps nowhere is in the metadata of each instance, and is searched there.
    """

    study: frozenset[int]
    series: frozenset[int]
    instance: frozenset[int]

    @property
    def fingerprint(self) -> str:
        """A text that differs where an index has to be made anew to serve this catalogue."""
        kept = ";".join(",".join(f"{tag:08X}" for tag in sorted(self.kept(level))) for level in Level)
        return hashlib.sha256(f"{FORMAT};{kept}".encode()).hexdigest()[:16]

    def kept(self, level: Level) -> frozenset[int]:
        """Return the tags that are kept at a level."""
        return {Level.STUDY: self.study, Level.SERIES: self.series, Level.INSTANCE: self.instance}[level]

    def level_of(self, tag: int) -> Level:
        """Return the level at which an attribute is searched: the instance's, unless it is kept above."""
        if tag in self.study:
            return Level.STUDY
        return Level.SERIES if tag in self.series else Level.INSTANCE


def _standard(level: Level) -> frozenset[int]:
    return frozenset((*REQUIRED[level], *KNOWN[level], *KEPT[level]))


STANDARD = Catalogue(_standard(Level.STUDY), _standard(Level.SERIES), _standard(Level.INSTANCE))


def catalogue_of(search_attributes: str) -> Catalogue:
    """Return the catalogue with further attributes, named like `study:Keyword, series:00081010`.

    What names no level, no attribute, or one that is kept already, raises SettingsError.
    """
    more: dict[Level, set[int]] = {level: set() for level in Level}
    for entry in filter(None, (each.strip() for each in search_attributes.split(","))):
        level, _, name = entry.partition(":")
        tag = named_tag(name)
        if level not in set(Level) or tag is None or not dictionary_has_tag(tag):
            raise SettingsError(
                f"search_attributes: {entry!r} is not study, series or instance with an attribute, "
                "as in study:MedicalAlerts"
            )
        if any(tag in STANDARD.kept(each) or tag in more[each] for each in Level):
            raise SettingsError(f"search_attributes: {name} is kept in the index already")
        more[Level(level)].add(tag)
    return Catalogue(*(STANDARD.kept(level) | more[level] for level in Level))


def named_tag(name: str) -> int | None:
    """Return the tag that a keyword or eight hexadecimal digits name, or None."""
    return int(name, 16) if _HEX_TAG.match(name) else tag_for_keyword(name)


def vr_of(tag: int) -> str:
    """Return the value representation of a standard attribute; of several, the first."""
    return dictionary_VR(tag).partition(" or ")[0]


def has_many(tag: int) -> bool:
    """Tell whether a standard attribute may have more than one value."""
    return dictionary_VM(tag) != "1"
