"""Growth: how the price of accounting grows with the archive, with what a caller sees, and by design."""
