"""Look-ups of a candidate that fail there and succeed in the original."""

from __future__ import annotations

from jettison.layers.changes import collect
from jettison.layers.entry import Entry, Kind
from jettison.layers.tree import FileTree
from jettison.observe.evidence import Operation, Phase
from jettison.observe.trace import Lookup, Trace
from jettison.verify.misses import misses

TREE = FileTree(
    [
        collect(
            [
                Entry(b"bin", Kind.SYMLINK, target=b"usr/bin"),
                Entry(b"usr", Kind.DIR),
                Entry(b"usr/bin", Kind.DIR),
                Entry(b"usr/bin/tool", Kind.FILE),
                Entry(b"proc", Kind.DIR),
                Entry(b"proc/x", Kind.FILE),
                Entry(b"jail", Kind.DIR),
                Entry(b"jail/f", Kind.FILE),
                Entry(b"jail/link", Kind.SYMLINK, target=b"/f"),
            ]
        )
    ],
    None,
)


def looked_up(path: bytes, **more) -> Trace:
    return Trace(lookups=(Lookup(path, Operation.OPEN, Phase.SERVE, "step", **more),))


def test_a_miss_names_the_file_and_the_links_on_the_way():
    """Both are needed for the look-up to succeed."""
    assert misses(looked_up(b"/bin/tool"), TREE, {b"usr/bin"}) == [b"bin", b"usr/bin/tool"]


def test_what_is_kept_is_no_miss():
    """It failed for another reason, or not at all."""
    assert misses(looked_up(b"/bin/tool"), TREE, {b"bin", b"usr/bin/tool"}) == []


def test_what_the_original_does_not_have_is_no_miss():
    """It fails there too."""
    assert misses(looked_up(b"/usr/bin/nothing"), TREE, set()) == []


def test_the_kernels_file_systems_are_not_the_images():
    """Whatever the image has below /proc is hidden in every container."""
    assert misses(looked_up(b"/proc/x"), TREE, set()) == []


def test_a_changed_root_is_respected():
    """An absolute link in a chroot leads to the chroot's own file."""
    assert misses(looked_up(b"/jail/link", root=b"/jail"), TREE, {b"jail/link"}) == [b"jail/f"]
