"""Which attributes belong to which level, and which of them a search returns without being asked.

Sources: PS3.18 Tables 10.6.3-3 to 10.6.3-5 (returned), PS3.4 C.6.2 and the Patient, General Study, General
Series and General Equipment modules of PS3.3 (kept at their level, for matching and includefield).
"""

from pydicom.datadict import dictionary_VR, tag_for_keyword

from reference_server.storage.records import Level


def tags(keywords: str) -> tuple[int, ...]:
    """Return the tags of a list of keywords; an unknown keyword is an error of this module."""
    found = [(keyword, tag_for_keyword(keyword)) for keyword in keywords.split()]
    unknown = [keyword for keyword, tag in found if tag is None]
    if unknown:
        raise ValueError(f"not in the data dictionary: {unknown}")
    return tuple(tag for _, tag in found if tag is not None)


STUDY_UID = 0x0020000D
SERIES_UID = 0x0020000E
MODALITIES_IN_STUDY = 0x00080061
INSTANCE_AVAILABILITY = 0x00080056
RETRIEVE_URL = 0x00081190
STUDY_RELATED_SERIES = 0x00201206
STUDY_RELATED_INSTANCES = 0x00201208
SERIES_RELATED_INSTANCES = 0x00201209
SPECIFIC_CHARACTER_SET = 0x00080005
TIMEZONE_OFFSET = 0x00080201

# Type R of the tables: present in every result, with an empty value where the archive knows none.
REQUIRED: dict[Level, tuple[int, ...]] = {
    Level.STUDY: tags(
        "StudyDate StudyTime AccessionNumber ReferringPhysicianName PatientName PatientID PatientBirthDate "
        "PatientSex StudyInstanceUID StudyID"
    ),
    Level.SERIES: tags("Modality SeriesInstanceUID SeriesNumber"),
    Level.INSTANCE: tags("SOPClassUID SOPInstanceUID InstanceNumber"),
}

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

LEVEL_OF: dict[int, Level] = {
    tag: level
    for level in (Level.SERIES, Level.STUDY)
    for tag in (*REQUIRED[level], *KEPT[level], *KNOWN[level])
}


def level_of(tag: int) -> Level:
    """Return the level at which an attribute is kept: the instance's, unless it is of a study or series."""
    return LEVEL_OF.get(tag, Level.INSTANCE)


def level_tags(level: Level) -> frozenset[int]:
    """Return the tags that are stored with a study or a series."""
    return frozenset((*REQUIRED[level], *KNOWN[level], *KEPT[level]))


def vr_of(tag: int) -> str:
    """Return the value representation of a standard attribute."""
    return dictionary_VR(tag)
