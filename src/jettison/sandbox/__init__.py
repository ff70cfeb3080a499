"""Runs the file system of an image through an OCI runtime, and leaves nothing behind."""
