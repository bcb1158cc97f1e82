"""The figures of a run: one file per figure, each drawn at any width from an analysis."""
