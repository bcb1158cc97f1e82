"""Text that is burned into a picture where the caller asks for it (PS3.18 8.3.5.1.1)."""

from typing import Any

from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset

from reference_server.dicomweb.viewport import Annotation

SMALLEST_TEXT = 10  # pixels
TEXTS_PER_HEIGHT = 32
_MARGIN = 4
_LINES: dict[Annotation, tuple[tuple[str, str], ...]] = {
    Annotation.PATIENT: (
        ("", "PatientName"),
        ("ID ", "PatientID"),
        ("born ", "PatientBirthDate"),
        ("", "PatientSex"),
        ("", "InstitutionName"),
        ("study ", "StudyDate"),
    ),
    Annotation.TECHNIQUE: (
        ("", "Modality"),
        ("", "SeriesDescription"),
        ("series ", "SeriesNumber"),
        ("image ", "InstanceNumber"),
        ("kVp ", "KVP"),
        ("mA ", "XRayTubeCurrent"),
        ("TR ", "RepetitionTime"),
        ("TE ", "EchoTime"),
        ("slice ", "SliceThickness"),
    ),
}


def annotation_text(dataset: Dataset, annotation: Annotation) -> str:
    """Return one line for each attribute that the image has a value for."""
    found = [(label, _text(dataset.get(keyword))) for label, keyword in _LINES[annotation]]
    return "\n".join(label + text for label, text in found if text)


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())[:64]


def annotate(image: Image.Image, dataset: Dataset, annotations: tuple[Annotation, ...]) -> Image.Image:
    """Return a copy with the patient's text at the top and the technique's at the bottom."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=max(SMALLEST_TEXT, image.height // TEXTS_PER_HEIGHT))
    white, black = (255, 0) if image.mode == "L" else ((255,) * 3, (0,) * 3)
    for annotation in annotations:
        text = annotation_text(dataset, annotation)
        _, top, _, bottom = draw.multiline_textbbox((0, 0), text, font=font, stroke_width=1)
        y = _MARGIN if annotation is Annotation.PATIENT else image.height - (bottom - top) - 2 * _MARGIN
        draw.multiline_text((_MARGIN, y), text, white, font, stroke_width=1, stroke_fill=black)
    return image
