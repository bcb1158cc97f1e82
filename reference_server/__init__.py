"""The archive, with one switch: `accounting`."""
