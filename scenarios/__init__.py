"""What is done to an archive, any archive."""
