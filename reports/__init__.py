"""What was found: statistics, tables, figures and the report of a run."""
