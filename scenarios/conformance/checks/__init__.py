"""The checks, one file for each topic of a family: qido_paging.py holds qido/paging/....

Every module here is imported by `check.all_checks`; how a check is written stands in check.py.
"""
