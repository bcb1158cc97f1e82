"""A DICOMweb conformance suite: requirements, checks, runner, reports."""
