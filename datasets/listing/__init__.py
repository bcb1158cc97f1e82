"""Listings: synthetic archives of any size as text, for loading an index without a file per instance."""
