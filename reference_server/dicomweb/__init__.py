"""What the DICOMweb standard (PS3.18) says, as code."""
