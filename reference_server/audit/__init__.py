"""What is kept of each decision, and how an administrator reads it."""
