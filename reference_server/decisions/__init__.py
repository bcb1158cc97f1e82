"""The decision service: it reads the grants of an archive and decides upon them, and does nothing else."""
