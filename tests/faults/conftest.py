"""What the integration tests use: an engine, a command to run, and the proof that nothing is left."""

from integration.conftest import (
    adopt_orphans,
    clean_host,
    engine,
    example_image,
    jettison,
    private_folders,
    shared_cache,
    tiny_image,
)

__all__ = [
    "adopt_orphans",
    "clean_host",
    "engine",
    "example_image",
    "jettison",
    "private_folders",
    "shared_cache",
    "tiny_image",
]
