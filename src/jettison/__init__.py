"""jettison: observe a containerised application once, keep what it needs, prove that it still works."""

__version__ = "0.1.0"
