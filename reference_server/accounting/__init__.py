"""What the paper adds: ownership and access control, one file per design."""
