"""Images from a stranger, given to the command line: refused with the right exit code and a reason, in time;
nothing else happens."""

import gzip
import hashlib
import json
import os
import time
from collections.abc import Callable

import pytest

from builders import Item, layer_tar
from jettison.cli import app
from jettison.layers.stream import zstd
from layouts import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Layout, digest
from tars import END, block, file, long_name, pax

REFUSED, REMOTE, USAGE = 3, 5, 2
LAYER = "application/vnd.oci.image.layer.v1.tar"
CAP_S = 5.0


def layered(layout: Layout, raw: bytes, *, diff_id: str = "", media_type: str = LAYER + "+gzip") -> dict:
    """An image whose only layer is the blob `raw`."""
    config = {"rootfs": {"type": "layers", "diff_ids": [diff_id or digest(raw)]}}
    return layout.image(config=config, manifest={"layers": [layout.blob(raw, media_type)]})


def tarred(tar: bytes) -> Callable[[Layout], dict]:
    return lambda layout: layered(layout, gzip.compress(tar, 1), diff_id=digest(tar))


def described(**fields: object) -> Callable[[Layout], dict]:
    """An image whose manifest describes its layer with `fields`."""

    def make(layout: Layout) -> dict:
        tar = layer_tar([Item("a", b"x")])
        layer = layout.blob(tar, LAYER) | fields
        return layout.image(
            config={"rootfs": {"type": "layers", "diff_ids": [digest(tar)]}}, manifest={"layers": [layer]}
        )

    return make


def manifest(
    raw: bytes | Callable[[Layout], bytes], media_type: str = OCI_MANIFEST
) -> Callable[[Layout], dict]:
    """A manifest of any bytes."""
    return lambda layout: layout.blob(raw(layout) if callable(raw) else raw, media_type)


def altered(change: Callable[[dict], dict], media_type: str = OCI_MANIFEST) -> Callable[[Layout], dict]:
    """The manifest of a good image after `change`."""

    def make(layout: Layout) -> dict:
        good = layout.image([Item("a", b"x")])
        path = layout.path / "blobs/sha256" / good["digest"][7:]
        return layout.document(change(json.loads(path.read_bytes())), media_type)

    return make


def diff_ids(change: Callable[[list[str]], list[str]]) -> Callable[[Layout], dict]:
    def make(layout: Layout) -> dict:
        right = [digest(layer_tar([Item(name, b"x")])) for name in "ab"]
        config = {"rootfs": {"type": "layers", "diff_ids": change(right)}}
        return layout.image([Item("a", b"x")], [Item("b", b"x")], config=config)

    return make


ZEROS = bytes(200 << 20)
CONTENTS: dict[str, Callable[[Layout], dict]] = {
    # 4, 5: the root replaced, hard links out of the image
    "the root is a link": tarred(file(b"./", type_=b"2", link=b"/etc") + END),
    "the root is a file": tarred(file(b".", b"x") + END),
    "a hard link to the host": tarred(file(b"a", type_=b"1", link=b"../../../../etc/passwd") + END),
    "a hard link to itself": tarred(file(b"a", type_=b"1", link=b"a") + END),
    "a hard link to what comes later": tarred(file(b"a", type_=b"1", link=b"b") + file(b"b") + END),
    # 7: whiteouts
    **{f"the whiteout {name!r}": tarred(file(name) + END) for name in (b".wh.", b".wh..", b"etc/.wh...")},
    # 14, 15: sizes and names
    "a size of -512": tarred(block(size=(-512).to_bytes(12, "big", signed=True)) + END),
    "a size of 2^62": tarred(block(size=b"\x80" + (2**62).to_bytes(11, "big")) + END),
    "a sparse file of 1 EiB": tarred(block(type_=b"S", size=b"\x80" + (2**60).to_bytes(11, "big")) + END),
    "a PAX path of 40 MiB": tarred(pax({"path": b"p" * (40 << 20)}) + file(b"a") + END),
    "a million PAX records": tarred(pax(b"11 a=xxxxx\n" * 1_000_000) + file(b"a") + END),
    "a long name said to be 900 MiB": tarred(block(b"././@LongLink", type_=b"L", size=900 << 20)),
    "a component of 300 bytes": tarred(long_name(b"n" * 300) + file(b"a") + END),
    "a path of 5,000 bytes": tarred(pax({"path": b"/".join([b"d" * 99] * 50)}) + file(b"a") + END),
    "a name with NUL": tarred(pax({"path": b"a\0b"}) + file(b"a") + END),
    # 17: cut off
    "cut off in a header": tarred(file(b"a") + block(b"b")[:300]),
    "cut off in a file": tarred(block(b"a", size=5000) + b"x" * 700),
    # 19, 26: what only matters to who reads it
    "an encrypted layer": lambda layout: layered(
        layout, os.urandom(5000), media_type=LAYER + "+gzip+encrypted"
    ),
    "an image for nobody": lambda layout: layout.index(
        layout.image([], platform={"os": "windows", "architecture": "s390x"}),
        layout.image([Item("a")], platform={"os": "plan9", "architecture": "s390x"}),
    ),
}
CASES: dict[str, Callable[[Layout], dict]] = {
    **CONTENTS,
    # 13: bombs
    "a gzip bomb": lambda layout: layered(layout, gzip.compress(gzip.compress(ZEROS, 9), 9)),
    "a zstd bomb": lambda layout: layered(layout, zstd.compress(ZEROS), diff_id=digest(b"x")),
    "cut off in the gzip stream": lambda layout: layered(
        layout, gzip.compress(os.urandom(9999))[:5000], diff_id=digest(b"")
    ),
    # 19: what no layer may be compressed with
    "bzip2": lambda layout: layered(layout, b"BZh91AY&SY" + bytes(500)),
    # 20: diff_ids
    "fewer diff_ids": diff_ids(lambda right: right[:1]),
    "more diff_ids": diff_ids(lambda right: [*right, right[0]]),
    "swapped diff_ids": diff_ids(lambda right: right[::-1]),
    "one diff_id twice": diff_ids(lambda right: [right[0], right[0]]),
    # 21: sizes of descriptors
    **{
        f"a layer said to have {size!r} bytes": described(size=size)
        for size in (-1, 0, 10241, 2**63, 1.5, "10240", None)
    },
    # 22: digests
    **{
        f"a layer with the digest {text[:24]!r}": described(digest=text)
        for text in (
            "sha256:../../../../etc/passwd",
            "sha256:" + "A" * 64,
            "sha256:" + "a" * 63,
            "md5:" + "a" * 32,
            "sha256:" + "a" * 64 + "\n",
            "",
        )
    },
    # 23: documents that could be two things
    "a manifest with manifests": altered(lambda value: value | {"manifests": []}),
    "an index with layers": manifest(
        json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "layers": []}).encode(),
        OCI_INDEX,
    ),
    "a manifest of another type than its descriptor": altered(
        lambda value: value | {"mediaType": DOCKER_MANIFEST}
    ),
    "a manifest passed off as an index": altered(lambda value: value, OCI_INDEX),
    "a key twice": manifest(b'{"schemaVersion":2,"schemaVersion":2,"config":{},"layers":[]}'),
    "a byte-order mark": manifest(b'\xef\xbb\xbf{"schemaVersion":2}'),
    "bytes after the document": manifest(b'{"schemaVersion":2} {}'),
    # 24: JSON that costs
    "a million brackets": manifest(b"[" * 1_000_000),
    "an integer of a million digits": manifest(b'{"schemaVersion":' + b"9" * 1_000_000 + b"}"),
    "5 MiB of blanks": manifest(b"{" + b" " * (5 << 20) + b"}"),
    "text that is not UTF-8": manifest(b'{"schemaVersion":2,"x":"\xff"}'),
    "100,000 layers": altered(lambda value: value | {"layers": value["layers"] * 20_000}),
    "NaN": manifest(b'{"schemaVersion":NaN}'),
    # 26: no images
    "an artifact": altered(
        lambda value: (
            value | {"config": value["config"] | {"mediaType": "application/vnd.cncf.helm.config.v1+json"}}
        )
    ),
}


@pytest.fixture
def watched(tmp_path, monkeypatch, capfd):
    """Runs a command line; checks that it only said no: exit code, reason, time, and nothing changed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("alive")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.chdir(outside)

    def run(*arguments: str, code: int = REFUSED) -> str:
        started = time.monotonic()
        found = app.run(arguments)
        seconds = time.monotonic() - started
        said = capfd.readouterr().err
        assert found == code, said
        assert "Traceback" not in said
        assert "\x1b" not in said.replace("\x1b[", "")
        assert any(line.startswith("error: ") for line in said.splitlines()), said
        assert seconds < CAP_S
        assert list(temporary.iterdir()) == []
        assert [path.read_text() for path in outside.iterdir()] == ["alive"]
        return said

    return run


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_image_is_refused(case, tmp_path, watched):
    """What is in a layer is not looked at where it is only copied: its bytes are those of its digest."""
    layout = Layout(tmp_path / "layout")
    reference = layout.finish(CASES[case](layout))
    if case not in CONTENTS:
        watched("copy", reference, f"oci:{tmp_path}/copied:1")
        assert not (tmp_path / "copied").exists()
    watched("inspect", reference)


def test_an_index_that_lists_itself(tmp_path, watched):
    """It cannot have its own digest: the blob under that name is something else."""
    layout = Layout(tmp_path / "layout")
    entry = layout.index()
    path = layout.path / "blobs/sha256" / entry["digest"][7:]
    path.write_text(json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}))
    entry["size"] = path.stat().st_size
    watched("inspect", layout.finish(entry))


ARCHIVES: dict[str, list[tuple[str, object]]] = {
    "a config outside": [("manifest.json", [{"Config": "../../etc/passwd", "RepoTags": None, "Layers": []}])],
    "a missing layer": [
        ("c.json", {"rootfs": {"diff_ids": ["sha256:" + "a" * 64]}}),
        ("manifest.json", [{"Config": "c.json", "RepoTags": None, "Layers": ["none.tar"]}]),
    ],
    "no manifest": [("c.json", {})],
    "a manifest that is no list": [("manifest.json", {"Config": "c.json"})],
    "a layer that is a number": [("manifest.json", [{"Config": "c.json", "Layers": [3]}])],
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_a_hostile_archive_is_refused(case, tmp_path, watched):
    items = [Item(name, json.dumps(value).encode()) for name, value in ARCHIVES[case]]
    (tmp_path / "a.tar").write_bytes(layer_tar(items))
    watched("inspect", f"docker-archive:{tmp_path}/a.tar")


def test_a_layer_that_is_a_link_out_of_the_archive_is_refused(tmp_path, watched):
    config = json.dumps({"rootfs": {"diff_ids": ["sha256:" + hashlib.sha256(b"").hexdigest()]}}).encode()
    value = [{"Config": "c.json", "RepoTags": None, "Layers": ["l.tar"]}]
    items = [
        Item("c.json", config),
        Item("l.tar", link="/etc/passwd"),
        Item("manifest.json", json.dumps(value).encode()),
    ]
    (tmp_path / "a.tar").write_bytes(layer_tar(items))
    watched("inspect", f"docker-archive:{tmp_path}/a.tar")


def test_two_images_of_one_name_are_asked_about(tmp_path, watched):
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": []}}).encode()
    value = [{"Config": "c.json", "RepoTags": ["app:1"], "Layers": []}] * 2
    (tmp_path / "a.tar").write_bytes(
        layer_tar([Item("c.json", config), Item("manifest.json", json.dumps(value).encode())])
    )
    watched("inspect", f"docker-archive:{tmp_path}/a.tar:app:1", code=USAGE)


GOOD: dict[str, Callable[[Layout], dict]] = {
    "trailing zeros": tarred(file(b"a", b"x") + END + bytes(20 * 512)),
    "several gzip members": lambda layout: layered(
        layout,
        gzip.compress((tar := layer_tar([Item("a", b"x")]))[:700]) + gzip.compress(tar[700:]),
        diff_id=digest(tar),
    ),
    "another compression than the media type says": lambda layout: layered(
        layout, zstd.compress(tar := layer_tar([Item("a", b"x")])), diff_id=digest(tar)
    ),
    "names that no terminal should see": tarred(
        pax({"path": b"a\x1b[2J\n\xe2\x80\xae\xff"}) + file(b"a") + END
    ),
    "no layers": lambda layout: layout.image(),
    "an entry three times": tarred(file(b"a", b"1") + file(b"a", b"2") + file(b"a", b"3") + END),
    "a child before its parent": tarred(file(b"d/a", b"1") + file(b"d/", type_=b"5") + END),
    "names that differ by case, or by form": tarred(
        b"".join(file(name) for name in (b"A", b"a", "\u00e9".encode(), "e\u0301".encode())) + END
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_is_only_odd_is_read(case, tmp_path, capfd):
    layout = Layout(tmp_path / "layout")
    reference = layout.finish(GOOD[case](layout))
    assert app.run(["copy", reference, f"oci:{tmp_path}/copied:1"]) == 0
    assert app.run(["inspect", reference]) in (0, 1)
    said = capfd.readouterr()
    assert "\x1b[2J" not in said.out + said.err
    assert "\u202e" not in said.out
