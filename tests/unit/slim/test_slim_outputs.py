"""Where slim images go by default, and what they may replace."""

from __future__ import annotations

import pytest

from jettison.errors import UsageError
from jettison.slim.outputs import default_output, keeps_compressed, refuse_taken


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("app", "app:latest-slim"),
        ("docker-daemon:team/app:1.0", "docker-daemon:team/app:1.0-slim"),
        ("oci:build/app:1.0", "oci:build/app:1.0-slim"),
        ("docker-archive:/x/app.tar", "docker-archive:/x/app-slim.tar"),
        ("oci-archive:app.tar", "oci-archive:app-slim.tar"),
    ],
)
def test_the_result_goes_beside_the_source(source, output):
    """The tag, or the file, gets a suffix."""
    assert default_output(source) == output


def test_the_source_is_never_replaced():
    """Not even with the same name written otherwise."""
    with pytest.raises(UsageError, match="is the image itself"):
        refuse_taken(["oci:x:1"], "oci:x:1")


def test_a_file_of_another_kind_is_not_overwritten(tmp_path):
    """It may be anything."""
    path = tmp_path / "precious.tar"
    path.write_text("no image")
    with pytest.raises(UsageError, match="already exists"):
        refuse_taken([f"docker-archive:{path}"], "oci:x:1")
    assert path.read_text() == "no image"


def test_only_stores_of_compressed_layers_get_them_compressed():
    """An engine unpacks what it is given."""
    assert keeps_compressed("oci:x:1")
    assert not keeps_compressed("docker-daemon:x:1")
