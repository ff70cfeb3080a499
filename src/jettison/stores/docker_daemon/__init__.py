"""A Docker engine."""
