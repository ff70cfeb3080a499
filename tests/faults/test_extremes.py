"""Images that are large or odd in one way: read, slimmed and written back without loss, in bounded memory."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from builders import Item, archive, image_of
from jettison.layers.path import encode_path
from jettison.layers.tree import FileTree
from jettison.layers.write import write_layer
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image

MIB = 1 << 20
SPARSE_GIB = int(os.environ.get("JETTISON_SPARSE_GIB", "2"))
"""A deeper run takes 10."""
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
LONG = "/".join(["d" * 99] * 39 + ["e" * 99])  # 3,999 bytes
NAMES = [
    b"caf\xe9",
    b"\xff\xfe",
    b"new\nline",
    b"\x1b[31m",
    b"n" * 255,
    b"A",
    b"a",
    "\u00e9".encode(),
    "e\u0301".encode(),
    LONG.encode(),
]


def test_names_of_any_bytes_survive_a_round_trip(tmp_path):
    """Through a layer of our own and an archive: the same names, in the same order, byte for byte."""
    tree = FileTree.of(image_of(tmp_path, [Item(name, b"x") for name in NAMES]))
    made = write_layer(tree, NAMES, tmp_path / "layer")
    with tarfile.open(made.path, encoding="utf-8", errors="surrogateescape") as tar:
        found = [member.name.encode("utf-8", "surrogateescape") for member in tar if member.isreg()]
    assert sorted(found) == sorted(NAMES)
    assert len({encode_path(name) for name in NAMES}) == len(NAMES)


def run(*arguments: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], float, float]:
    """The command, its seconds and the most memory in MiB that it and its children had."""
    started = time.monotonic()
    command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "jettison", *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=300)
    return done, time.monotonic() - started, int(done.stderr.split()[-1]) / 1024


@pytest.mark.integration
def test_two_hundred_thousand_files(tmp_path):
    items = [Item(f"d{n // 1000}/f{n}", b"") for n in range(200_000)]
    reference = archive(tmp_path, [items])
    done, seconds, memory = run("inspect", reference, "--json")
    assert done.returncode in (0, 1), done.stderr
    assert seconds < 120
    assert memory < 512
    copy_image(reference, f"oci:{tmp_path}/copy:1")
    assert sum(1 for _ in FileTree.of(open_image(f"oci:{tmp_path}/copy:1")).walk()) >= 200_000


def sparse_archive(path: Path, size: int) -> str:
    """A docker-archive whose layer holds one file of `size` zeros; on the disk it is sparse."""
    info = tarfile.TarInfo("zeros")
    info.size = size
    header = info.tobuf(tarfile.PAX_FORMAT)
    total = len(header) + size + -size % 512 + 1024
    hashed = hashlib.sha256(header)
    for _ in range((total - len(header)) // MIB):
        hashed.update(bytes(MIB))
    hashed.update(bytes((total - len(header)) % MIB))
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"diff_ids": ["sha256:" + hashed.hexdigest()]},
    }
    files = {
        "c.json": json.dumps(config).encode(),
        "manifest.json": json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": ["l.tar"]}]).encode(),
    }
    with path.open("wb") as out:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            out.write(member.tobuf() + content + bytes(-len(content) % 512))
        member = tarfile.TarInfo("l.tar")
        member.size = total
        out.write(member.tobuf(tarfile.GNU_FORMAT) + header)
        out.seek(total - len(header) + -total % 512, os.SEEK_CUR)
        out.write(bytes(1024))
    return f"docker-archive:{path}"


@pytest.mark.integration
def test_gigabytes_of_zeros_cost_time_and_no_memory(tmp_path):
    reference = sparse_archive(tmp_path / "a.tar", SPARSE_GIB << 30)
    done, seconds, memory = run("inspect", reference)
    assert done.returncode in (0, 1), done.stderr
    assert seconds < 30 * SPARSE_GIB
    assert memory < 256
