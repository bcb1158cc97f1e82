"""The conformance suite: what PS3.18 asks of an archive, checked over HTTP with its own fixtures.

    python -m scenarios.conformance --target http://127.0.0.1:8042/dicom-web --out reports/conformance

How to add a check stands in check.py; what a check can say, in archive.py and findings.py; which objects it
can ask for, in fixtures/; the requirements, in clauses.tsv.
"""
