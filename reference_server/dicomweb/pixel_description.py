"""The Image Pixel Description (PS3.3 C.7.6.3) that metadata leave out is told by the image itself.

PS3.18 10.5.2 lets a caller leave these attributes out beside compressed pixel data. What the metadata do say
stays as it is said.
"""

import struct

from pydicom.datadict import tag_for_keyword

from reference_server.dicomweb.codestream import BITS_PER_BYTE, Codestream
from reference_server.dicomweb.dicom_json_reader import encoded
from reference_server.dicomweb.explicit_writer import Element


def complete_description(elements: dict[int, Element], image: Codestream) -> None:
    """Enter each attribute of the description that a dataset lacks."""
    allocated = BITS_PER_BYTE if image.bits_stored <= BITS_PER_BYTE else 2 * BITS_PER_BYTE
    numbers = {
        "SamplesPerPixel": image.samples,
        "Rows": image.rows,
        "Columns": image.columns,
        "BitsAllocated": allocated,
        "BitsStored": image.bits_stored,
        "HighBit": image.bits_stored - 1,
        "PixelRepresentation": int(image.signed),
    }
    if image.samples > 1:
        numbers["PlanarConfiguration"] = 0
    told = {keyword: encoded("US", struct.pack("<H", number)) for keyword, number in numbers.items()}
    told["PhotometricInterpretation"] = encoded("CS", image.photometric_interpretation.encode())
    for keyword, element in told.items():
        tag = tag_for_keyword(keyword)
        assert tag is not None
        elements.setdefault(tag, element)
