"""A coded concept is a triplet of value, scheme and meaning (PS3.3 8.8)."""

from pydicom.dataset import Dataset


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    """Return the item of a code sequence."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code
