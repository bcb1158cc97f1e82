"""Headers say who was examined, when, by what and how: the attributes of a series' instances, without pixels.

What differs between the instances of a series is a mark (`MARKS`), replaced by splicing. Modules and
their required attributes follow PS3.3: Patient, Study, Equipment and SOP Common here, the image modules
per modality in `images` and the document in `documents`.
"""

from datetime import timedelta

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from datasets.plans import SeriesPlan, StudyPlan
from datasets.uids import uid_of
from datasets.vocabulary import MANUFACTURER

# Negative numbers stand in no other attribute, so the marks occur where they were put and nowhere else.
SOP_MARK = uid_of("mark", "sop")
NUMBER_MARK = "-97531"
POSITION_MARK = "-97531.5"
MARKS = {
    "sop": SOP_MARK.encode(),
    "number": NUMBER_MARK.encode(),
    "position": POSITION_MARK.encode(),
}

PAIRED = ("HAND", "KNEE")  # body parts of which there are two need a laterality

IMPLEMENTATION_CLASS_UID = uid_of("dicomweb-phantom", "implementation")
IMPLEMENTATION_VERSION_NAME = "DICOMWEBPHANTOM1"


def file_meta(sop_class_uid: str) -> FileMetaDataset:
    """Return the File Meta Information of a series' instances."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(SOP_MARK)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta


def header(study: StudyPlan, series: SeriesPlan, sop_class_uid: str) -> Dataset:
    """Return the attributes that every instance of a series has, whatever its modality."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class_uid, SOP_MARK
    _describe_patient(dataset, study)
    _describe_study(dataset, study)
    _describe_series(dataset, study, series)
    return dataset


def _describe_patient(dataset: Dataset, study: StudyPlan) -> None:
    patient = study.patient
    dataset.PatientName, dataset.PatientID = patient.name, patient.patient_id
    dataset.PatientBirthDate = f"{patient.birth_date:%Y%m%d}"
    dataset.PatientSex = patient.sex
    dataset.PatientAge = f"{(study.day - patient.birth_date) // timedelta(365):03d}Y"


def _describe_study(dataset: Dataset, study: StudyPlan) -> None:
    dataset.StudyInstanceUID = study.uid
    dataset.StudyDate, dataset.StudyTime = f"{study.day:%Y%m%d}", study.time
    dataset.StudyID = f"{study.index % 10**6}"
    dataset.AccessionNumber = study.accession_number
    dataset.ReferringPhysicianName = study.referring_physician
    dataset.StudyDescription = study.description


def _describe_series(dataset: Dataset, study: StudyPlan, series: SeriesPlan) -> None:
    dataset.SeriesInstanceUID = series.uid
    dataset.Modality = series.modality
    dataset.SeriesNumber = str(series.index + 1)
    dataset.SeriesDescription = series.description
    dataset.SeriesDate, dataset.SeriesTime = dataset.StudyDate, study.time
    dataset.ContentDate, dataset.ContentTime = dataset.StudyDate, study.time
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = f"{series.modality} One"
    dataset.DeviceSerialNumber, dataset.SoftwareVersions = "1", "1"
    if series.frames:
        dataset.BodyPartExamined = study.body_part
        if study.body_part in PAIRED:
            dataset.Laterality = "R"
    dataset.InstanceNumber = NUMBER_MARK
