"""Podman, through its API: that of Docker, and its own where that loses something."""
