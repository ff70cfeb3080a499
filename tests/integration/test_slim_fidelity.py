"""What is in a slim image is what was in the original, by Docker's own account of both."""

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MADE_BY_DOCKER = (
    ".dockerenv",
    "dev",
    "etc/hosts",
    "etc/hostname",
    "etc/resolv.conf",
    "etc/mtab",
    "proc",
    "sys",
)
"""What creating a container writes."""
TOUCHED_BY_DOCKER = {"etc"}
"""Folders whose time is that of the creation therefore."""
OURS = "var/lib/dpkg/status.d"


def exported(engine, image):
    """Path → everything that is to be faithful, from `docker export`."""
    container = engine.docker("create", image)
    command = [engine.client, "export", container]
    found = {}
    try:
        with (
            subprocess.Popen(command, env=engine.environment, stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as archive,
        ):
            for member in archive:
                path = member.name.rstrip("/")
                content = (
                    hashlib.sha256(archive.extractfile(member).read()).hexdigest() if member.isreg() else ""
                )
                xattrs = {k: v for k, v in member.pax_headers.items() if k.startswith("SCHILY.xattr.")}
                found[path] = (
                    member.type,
                    oct(member.mode),
                    member.uid,
                    member.gid,
                    0 if path in TOUCHED_BY_DOCKER else int(member.mtime),
                    member.linkname if member.issym() else "",
                    content,
                    xattrs,
                )
    finally:
        engine.docker("rm", container)
    return {path: entry for path, entry in found.items() if not made_by_docker(path)}


def made_by_docker(path):
    """Whether a path is one that Docker adds to every container, or lies below one."""
    return any(path == made or path.startswith(f"{made}/") for made in MADE_BY_DOCKER)


@pytest.mark.parametrize("policy", ["observed", "balanced", "packages"])
@pytest.mark.parametrize("name", ["python-web", "static-files"])
def test_nothing_is_altered(name, policy, engine, example_image, jettison):
    """Type, mode, owner, time, link, content and attributes of every path are the original's; what is new are
    trimmed package databases only; and the configuration is the same."""
    image = example_image(name)
    slim = f"{image}:faithful"
    result = jettison("slim", f"docker-daemon:{image}", "--keep", policy, "--output", f"docker-daemon:{slim}")
    assert result.returncode == 0, result.stdout + result.stderr
    try:
        before, after = exported(engine, image), exported(engine, slim)
        assert [path for path in after if path not in before and not path.startswith(OURS)] == []
        different = {
            path: (before[path], entry) for path, entry in after.items() if before.get(path, entry) != entry
        }
        assert without_links(different) == {}
        configs = [json.loads(engine.docker("image", "inspect", each))[0]["Config"] for each in (image, slim)]
        for config in configs:
            config.pop("Image", None)  # the engine's own note of the parent
        assert configs[0] == configs[1]
    finally:
        engine.docker("image", "rm", slim)


def without_links(different):
    """Leave out hard links: which of a file's names an export calls the file depends on which come first."""
    link = tarfile.LNKTYPE
    return {path: pair for path, pair in different.items() if link not in (pair[0][0], pair[1][0])}
