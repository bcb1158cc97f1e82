"""Synthetic DICOM, and the people who own it."""
