"""Images add to a header what their modality requires.

PS3.3: A.2 CR, A.3 CT, A.4 MR, A.7 US multi-frame, A.21 PET.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from datasets.codes import coded
from datasets.headers import POSITION_MARK
from datasets.plans import SeriesPlan
from datasets.uids import uid_of

FIELD_OF_VIEW_MM = 384
SLICE_MM = 2


@dataclass(frozen=True, slots=True)
class ImageModality:
    """The SOP Class of a modality, how many bits a pixel holds, and what completes a header."""

    sop_class_uid: UID
    bits_stored: int
    describe: Callable[[Dataset, SeriesPlan], None]

    @property
    def bits_allocated(self) -> int:
        """Return the bits that a pixel takes."""
        return 8 if self.bits_stored <= 8 else 16  # noqa: PLR2004  a byte


def describe_pixels(dataset: Dataset, series: SeriesPlan, modality: ImageModality) -> None:
    """Add the Image Pixel module (PS3.3 C.7.6.3) without Pixel Data."""
    dataset.SamplesPerPixel = 3 if series.color else 1
    dataset.PhotometricInterpretation = "RGB" if series.color else "MONOCHROME2"
    if series.color:
        dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = series.rows, series.columns
    dataset.BitsAllocated, dataset.BitsStored = modality.bits_allocated, modality.bits_stored
    dataset.HighBit = modality.bits_stored - 1
    dataset.PixelRepresentation = 0


def _describe_plane(dataset: Dataset, series: SeriesPlan) -> None:
    """Add Frame of Reference and Image Plane (PS3.3 C.7.4.1, C.7.6.2); slices lie along the body."""
    dataset.FrameOfReferenceUID = uid_of("frame of reference", series.uid)
    dataset.PositionReferenceIndicator = ""
    spacing = f"{FIELD_OF_VIEW_MM / series.columns:.4f}"
    corner = f"{-FIELD_OF_VIEW_MM / 2:.1f}"
    dataset.PixelSpacing = [spacing, spacing]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.ImagePositionPatient = [corner, corner, POSITION_MARK]
    dataset.SliceLocation = POSITION_MARK
    dataset.SliceThickness = str(SLICE_MM)


def _describe_ct(dataset: Dataset, series: SeriesPlan) -> None:
    _describe_plane(dataset, series)
    dataset.PatientPosition = "HFS"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionNumber = "1"
    dataset.KVP, dataset.XRayTubeCurrent, dataset.ExposureTime = "120", "200", "500"
    dataset.ConvolutionKernel = "SMOOTH"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "-1024", "1", "HU"
    dataset.WindowCenter, dataset.WindowWidth = "40", "400"


def _describe_mr(dataset: Dataset, series: SeriesPlan) -> None:
    _describe_plane(dataset, series)
    dataset.PatientPosition = "HFS"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    dataset.ScanningSequence, dataset.SequenceVariant = "SE", "NONE"
    dataset.ScanOptions, dataset.MRAcquisitionType = "", "2D"
    dataset.RepetitionTime, dataset.EchoTime, dataset.EchoTrainLength = "500", "15", "1"
    dataset.MagneticFieldStrength = "1.5"
    dataset.WindowCenter, dataset.WindowWidth = "600", "1200"


def _describe_pt(dataset: Dataset, series: SeriesPlan) -> None:
    _describe_plane(dataset, series)
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SeriesType, dataset.Units, dataset.CountsSource = ["STATIC", "IMAGE"], "BQML", "EMISSION"
    dataset.CorrectedImage = ["DECY", "ATTN"]
    dataset.DecayCorrection, dataset.DecayFactor = "START", "1"
    dataset.CollimatorType, dataset.AttenuationCorrectionMethod = "NONE", "measured"
    dataset.NumberOfSlices = series.instances
    dataset.ImageIndex = 1
    dataset.AcquisitionDate, dataset.AcquisitionTime = dataset.StudyDate, dataset.StudyTime
    dataset.ActualFrameDuration, dataset.FrameReferenceTime = "180000", "0"
    dataset.RescaleIntercept, dataset.RescaleSlope = "0", "1"
    tracer = Dataset()
    tracer.RadionuclideCodeSequence = Sequence([coded("77004003", "SCT", "^18^Fluorine")])
    tracer.RadiopharmaceuticalStartTime = dataset.StudyTime
    tracer.RadionuclideTotalDose, tracer.RadionuclideHalfLife = "370000000", "6586.2"
    dataset.RadiopharmaceuticalInformationSequence = Sequence([tracer])
    dataset.PatientOrientationCodeSequence = Sequence([coded("102538003", "SCT", "recumbent")])
    dataset.PatientGantryRelationshipCodeSequence = Sequence([coded("102540008", "SCT", "headfirst")])


def _describe_cr(dataset: Dataset, series: SeriesPlan) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.ViewPosition = "PA"
    dataset.PatientOrientation = ["L", "F"]
    spacing = f"{FIELD_OF_VIEW_MM / series.columns:.4f}"
    dataset.ImagerPixelSpacing = [spacing, spacing]
    dataset.AcquisitionNumber = "1"
    dataset.KVP, dataset.PlateID = "80", "1"
    dataset.WindowCenter, dataset.WindowWidth = "2048", "4096"


def _describe_us(dataset: Dataset, series: SeriesPlan) -> None:
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.PatientOrientation = ""
    dataset.NumberOfFrames = str(series.frames)
    dataset.FrameTime = "40"
    dataset.FrameIncrementPointer = 0x00181063  # Frame Time
    dataset.LossyImageCompression = "00"


IMAGE_MODALITIES = {
    "CT": ImageModality(CTImageStorage, 12, _describe_ct),
    "MR": ImageModality(MRImageStorage, 12, _describe_mr),
    "PT": ImageModality(PositronEmissionTomographyImageStorage, 16, _describe_pt),
    "CR": ImageModality(ComputedRadiographyImageStorage, 12, _describe_cr),
    "US": ImageModality(UltrasoundMultiFrameImageStorage, 8, _describe_us),
}
