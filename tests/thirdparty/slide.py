"""A slide of 16 tiles, each of one colour, for the clients that read whole slides."""

from io import BytesIO

from PIL import Image
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import JPEGBaseline8Bit, VLWholeSlideMicroscopyImageStorage, generate_uid

TILE, SIDE = 256, 4  # pixels of a tile, tiles of the slide
MILLIMETRES = 0.0005


def tile_color(number: int) -> tuple[int, int, int]:
    return 40 + 10 * number, 200 - 8 * number, 128


def jpeg_tile(number: int) -> bytes:
    """Return a tile of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (TILE, TILE), tile_color(number)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def item(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def coded(code: Code) -> Dataset:
    return item(CodeValue=code.value, CodingSchemeDesignator=code.scheme_designator, CodeMeaning=code.meaning)


def slide() -> Dataset:
    """Return a slide of 16 tiles, TILED_FULL, in JPEG Baseline (PS3.3 A.32.8)."""
    image = item(
        SOPClassUID=VLWholeSlideMicroscopyImageStorage,
        SOPInstanceUID=generate_uid(),
        StudyInstanceUID=generate_uid(),
        SeriesInstanceUID=generate_uid(),
        FrameOfReferenceUID=generate_uid(),
        PatientID="SLIDE", PatientName="Slide^Whole", PatientBirthDate="", PatientSex="",
        StudyDate="20260102", StudyTime="101112", StudyID="1", AccessionNumber="", ReferringPhysicianName="",
        SeriesNumber=1, InstanceNumber=1, Modality="SM", Manufacturer="Nobody", ManufacturerModelName="None",
        DeviceSerialNumber="1", SoftwareVersions="1", PositionReferenceIndicator="SLIDE_CORNER",
        ContentDate="20260102", ContentTime="101112", AcquisitionDateTime="20260102101112",
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        ImagedVolumeWidth=TILE * SIDE * MILLIMETRES, ImagedVolumeHeight=TILE * SIDE * MILLIMETRES,
        ImagedVolumeDepth=0.001, VolumetricProperties="VOLUME", SpecimenLabelInImage="NO",
        BurnedInAnnotation="NO", FocusMethod="AUTO", ExtendedDepthOfField="NO",
        DimensionOrganizationType="TILED_FULL", TotalPixelMatrixColumns=TILE * SIDE,
        TotalPixelMatrixRows=TILE * SIDE, TotalPixelMatrixFocalPlanes=1, NumberOfOpticalPaths=1,
        ImageOrientationSlide=[0, -1, 0, -1, 0, 0],
        Rows=TILE, Columns=TILE, NumberOfFrames=SIDE * SIDE, SamplesPerPixel=3, PlanarConfiguration=0,
        PhotometricInterpretation="YBR_FULL_422", BitsAllocated=8, BitsStored=8, HighBit=7,
        PixelRepresentation=0, LossyImageCompression="01", LossyImageCompressionRatio=10,
        LossyImageCompressionMethod="ISO_10918_1", PresentationLUTShape="IDENTITY",
        PixelData=encapsulate([jpeg_tile(number) for number in range(SIDE * SIDE)]),
    )  # fmt: skip
    image["PixelData"].VR = "OB"
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    add_sequences(image)
    return image


def add_sequences(image: Dataset) -> None:
    """Add where the slide lies, how it is lit, and what is on it."""
    dimension_uid = generate_uid()
    image.DimensionOrganizationSequence = Sequence([item(DimensionOrganizationUID=dimension_uid)])
    image.TotalPixelMatrixOriginSequence = Sequence(
        [item(XOffsetInSlideCoordinateSystem=20.0, YOffsetInSlideCoordinateSystem=40.0)]
    )
    measures = item(PixelSpacing=[MILLIMETRES] * 2, SliceThickness=0.001, SpacingBetweenSlices=0.001)
    frame_type = item(FrameType=image.ImageType)
    image.SharedFunctionalGroupsSequence = Sequence(
        [
            item(
                PixelMeasuresSequence=Sequence([measures]),
                WholeSlideMicroscopyImageFrameTypeSequence=Sequence([frame_type]),
            )
        ]
    )
    image.OpticalPathSequence = Sequence(
        [
            item(
                OpticalPathIdentifier="1",
                IlluminationTypeCodeSequence=Sequence([coded(codes.DCM.BrightfieldIllumination)]),
                IlluminationColorCodeSequence=Sequence([coded(codes.SCT.FullSpectrum)]),
            )
        ]
    )
    image.ContainerIdentifier = "C1"
    image.SpecimenDescriptionSequence = Sequence(
        [item(SpecimenIdentifier="S1", SpecimenUID=generate_uid(), SpecimenPreparationSequence=Sequence())]
    )
    image.AcquisitionContextSequence = Sequence()
