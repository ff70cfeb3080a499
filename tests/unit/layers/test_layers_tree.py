"""The merged tree: layers on top of each other, look-ups, content."""

import os

import pytest

from builders import Item, archive, tree_of
from jettison.errors import DigestError, HostError, InvalidInputError, LimitError
from jettison.layers.cache import remember
from jettison.layers.changes import collect
from jettison.layers.entry import Kind
from jettison.layers.tree import FileTree
from jettison.layers.unpack import unpacked
from jettison.stores.open import open_image


def d(path: str, **fields: object) -> Item:
    return Item(path, None, **fields)  # type: ignore[arg-type]


def paths(tree: FileTree) -> list[str]:
    return [node.path.decode() for node in tree.walk()][1:]


BASE = [d("d"), Item("d/a", b"1"), d("d/e"), Item("d/e/f", b"2"), Item("x", b"3")]


def test_a_later_layer_wins_and_says_so(tmp_path):
    tree = tree_of(tmp_path, BASE, [Item("x", b"33", uid=4)])
    node = tree.get(b"x")
    assert (node.layer, node.uid, tree.read(node)) == (1, 4, b"33")
    assert tree.get(b"d/a").layer == 0


def test_a_whiteout_removes_a_file_or_a_folder_with_all_in_it(tmp_path):
    assert paths(tree_of(tmp_path, BASE, [Item(".wh.d")])) == ["x"]
    assert paths(tree_of(tmp_path, BASE, [Item("d/.wh.a")])) == ["d", "d/e", "d/e/f", "x"]


def test_a_whiteout_of_nothing_removes_nothing(tmp_path):
    assert len(tree_of(tmp_path, BASE, [Item(".wh.nothing"), Item("d/.wh.nothing")])) == len(BASE) + 1


@pytest.mark.parametrize("order", [1, -1])
def test_an_opaque_folder_has_only_what_its_own_layer_puts_there(tmp_path, order):
    upper = [d("d", mode=0o700), Item("d/.wh..wh..opq"), Item("d/new")][::order]
    tree = tree_of(tmp_path, BASE, upper)
    assert paths(tree) == ["d", "d/new", "x"]
    assert tree.get(b"d").mode == 0o700


def test_an_opaque_folder_that_nothing_describes_keeps_its_attributes(tmp_path):
    tree = tree_of(tmp_path, [d("d", mode=0o1777), Item("d/a")], [Item("d/.wh..wh..opq")])
    assert (paths(tree), tree.get(b"d").mode) == (["d"], 0o1777)


def test_anything_over_a_folder_removes_the_folder(tmp_path):
    for upper in (Item("d", b"file"), Item("d", link="/etc")):
        assert paths(tree_of(tmp_path, BASE, [upper])) == ["d", "x"]


def test_a_folder_over_a_file_replaces_it(tmp_path):
    assert paths(tree_of(tmp_path, BASE, [d("x"), Item("x/y")])) == ["d", "d/a", "d/e", "d/e/f", "x", "x/y"]


def test_a_folder_over_a_folder_changes_its_attributes_alone(tmp_path):
    tree = tree_of(tmp_path, BASE, [d("d", mode=0o700)])
    assert (len(tree), tree.get(b"d").mode, tree.get(b"d").layer) == (len(BASE) + 1, 0o700, 1)


def test_an_implied_folder_keeps_the_attributes_it_had(tmp_path):
    tree = tree_of(tmp_path, [d("tmp", mode=0o1777)], [Item("tmp/a"), Item("new/b")])
    assert (tree.get(b"tmp").mode, tree.get(b"new").mode, tree.get(b"new").kind) == (0o1777, 0o755, Kind.DIR)


def test_an_entry_below_a_link_of_a_lower_layer_makes_a_folder_as_in_overlay(tmp_path):
    tree = tree_of(tmp_path, [d("usr"), d("usr/bin"), Item("bin", link="usr/bin")], [Item("bin/sh")])
    assert paths(tree) == ["bin", "bin/sh", "usr", "usr/bin"]
    assert tree.get(b"bin").kind is Kind.DIR


def test_the_root_has_the_attributes_that_a_layer_gives_it(tmp_path):
    assert tree_of(tmp_path, BASE).get(b"").mode == 0o755
    assert tree_of(tmp_path, [d("./", mode=0o555)], [Item("a")]).get(b"").mode == 0o555


def test_hard_links_are_numbered_by_their_first_path(tmp_path):
    tree = tree_of(
        tmp_path, [Item("z"), Item("y", hard="z"), Item("b"), Item("a", hard="b"), Item("c", hard="b")]
    )
    assert tree.hardlinks(tree.get(b"c")) == (b"a", b"b", b"c")
    assert [tree.get(path).inode for path in (b"a", b"b", b"c", b"y", b"z")] == [1, 1, 1, 2, 2]


def test_a_hard_link_is_broken_by_a_copy_of_one_name(tmp_path):
    tree = tree_of(tmp_path, [Item("a", b"1"), Item("b", hard="a")], [Item("b", b"2")])
    assert tree.hardlinks(tree.get(b"a")) == (b"a",)
    assert tree.get(b"a").inode == tree.get(b"b").inode == 0


def test_links_of_different_layers_are_different_files(tmp_path):
    tree = tree_of(tmp_path, [Item("a"), Item("b", hard="a")], [Item("c"), Item("d", hard="c")])
    assert tree.get(b"a").inode != tree.get(b"c").inode


def test_a_hard_link_to_a_lower_layer_is_one_file_with_its_target(tmp_path):
    tree = tree_of(tmp_path, [Item("d/a", b"data", uid=3)], [Item("b", hard="d/a")], [Item("c", hard="b")])
    node = tree.get(b"c")
    assert tree.hardlinks(node) == (b"b", b"c", b"d/a")
    assert (node.layer, node.uid, tree.read(node)) == (2, 3, b"data")


def test_a_hard_link_to_a_file_that_its_own_layer_replaces_keeps_the_old_content(tmp_path):
    tree = tree_of(tmp_path, [Item("a", b"old")], [Item("b", hard="a"), Item("a", b"new")])
    assert (tree.read(tree.get(b"b")), tree.read(tree.get(b"a"))) == (b"old", b"new")


@pytest.mark.parametrize(
    "upper", [[Item("b", hard="missing")], [Item("b", hard="d")], [Item("b", hard="later"), Item("later")]]
)
def test_a_hard_link_to_nothing_is_refused(tmp_path, upper):
    with pytest.raises(InvalidInputError, match="hard link"):
        tree_of(tmp_path, BASE, upper)


def test_children_are_sorted_and_the_walk_gives_parents_first(tmp_path):
    tree = tree_of(tmp_path, [Item("b"), Item("a-b"), Item("a/c"), Item("a.d")])
    assert paths(tree) == ["a", "a/c", "a-b", "a.d", "b"]
    assert tree.names(b"") == [b"a", b"a-b", b"a.d", b"b"]
    assert [node.path for node in tree.children(b"a")] == [b"a/c"]
    assert [node.path for node in tree.walk(b"a")] == [b"a", b"a/c"]
    assert list(tree.walk(b"none")) == tree.names(b"b") == []


LINKS = [
    d("usr"),
    d("usr/bin"),
    Item("usr/bin/tool"),
    Item("bin", link="usr/bin"),
    Item("abs", link="/bin/tool"),
    Item("usr/up", link="../bin"),
    Item("loop", link="loop"),
    Item("dangling", link="/no/where"),
    Item("out", link="../../../usr"),
]


@pytest.mark.parametrize(
    ("path", "end", "links"),
    [
        (b"/bin/tool", b"usr/bin/tool", [b"bin"]),
        (b"abs", b"usr/bin/tool", [b"abs", b"bin"]),
        (b"usr/up/tool", b"usr/bin/tool", [b"usr/up", b"bin"]),
        (b"bin/../bin/tool", b"usr/bin/tool", [b"bin"]),
        (b"/../../usr/./bin//tool", b"usr/bin/tool", []),
        (b"out/bin", b"usr/bin", [b"out"]),
        (b"", b"", []),
        (b"/", b"", []),
        (b"bin/", b"usr/bin", [b"bin"]),
    ],
)
def test_look_ups_go_as_the_kernel_goes(tmp_path, path, end, links):
    found = tree_of(tmp_path, LINKS).resolve(path)
    assert (found.path, found.links) == (end, tuple(links))
    assert found.node is not None
    assert found.node.path == end


def test_the_last_link_is_only_followed_if_asked(tmp_path):
    tree = tree_of(tmp_path, LINKS)
    assert tree.resolve(b"bin", follow_last=False).node.kind is Kind.SYMLINK
    assert tree.resolve(b"bin/", follow_last=False).path == b"usr/bin"
    assert tree.resolve(b"abs/x", follow_last=False).node is None


@pytest.mark.parametrize(
    "path",
    [
        b"nothing",
        b"usr/bin/tool/x",
        b"nothing/../usr",
        b"usr/bin/tool/..",
        b"usr/bin/tool/",
        b"loop",
        b"loop/x",
    ],
)
def test_what_the_kernel_would_not_find_is_not_found(tmp_path, path):
    assert tree_of(tmp_path, LINKS).resolve(path).node is None


def test_a_dangling_link_says_what_is_missing(tmp_path):
    found = tree_of(tmp_path, LINKS).resolve(b"dangling")
    assert (found.path, found.node, found.links) == (b"no/where", None, (b"dangling",))


def test_relative_paths_begin_at_cwd_and_absolute_links_at_root(tmp_path):
    tree = tree_of(
        tmp_path, [*LINKS, d("jail"), d("jail/usr"), d("jail/usr/bin"), Item("jail/l", link="/usr/bin")]
    )
    assert tree.resolve(b"bin/tool", cwd=b"usr").path == b"usr/bin/tool"
    assert tree.resolve(b"/l", root=b"jail").path == b"jail/usr/bin"
    assert tree.resolve(b"../../..", cwd=b"jail/usr", root=b"jail").path == b"jail"


def test_a_chain_of_forty_links_is_followed_and_one_more_is_not(tmp_path):
    chain = [Item(f"l{i}", link=f"l{i + 1}") for i in range(45)] + [Item("l45")]
    tree = tree_of(tmp_path, chain)
    assert tree.resolve(b"l5").node.path == b"l45"
    assert tree.resolve(b"l4").node is None


def test_content_is_read_from_the_layer_that_has_it(tmp_path):
    tree = tree_of(tmp_path, [Item("a", b"x" * 5000), Item("empty", b"")], [Item("b", b"y")])
    assert tree.read(tree.get(b"a")) == b"x" * 5000
    assert tree.read(tree.get(b"empty")) == b""
    assert tree.head(tree.get(b"a"), 4) == b"xxxx"
    assert tree.head(tree.get(b"b"), 100) == b"y"
    with tree.open(tree.get(b"a")) as stream:
        assert stream.read(6000) == b"x" * 5000


def test_a_file_over_the_limit_is_not_read(tmp_path):
    tree = tree_of(tmp_path, [Item("a", b"12345")])
    with pytest.raises(LimitError, match="5 bytes"):
        tree.read(tree.get(b"a"), limit=4)


def test_only_regular_files_have_content(tmp_path):
    tree = tree_of(tmp_path, LINKS)
    for path in (b"usr", b"bin"):
        with pytest.raises(InvalidInputError, match="regular"):
            tree.open(tree.get(path))


def test_a_layer_folder_that_was_changed_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    image = open_image(archive(tmp_path, [[Item("a", b"12345"), Item("b", b"1"), Item("c", b"1")]]))
    folder = unpacked(image, 0)
    tree = FileTree.of(image)
    tree.read(tree.get(b"a"))
    (folder / "a").write_bytes(b"longer than it was")
    (folder / "b").unlink()
    os.mkfifo(folder / "b")
    (folder / "c").unlink()
    (folder / "c").symlink_to("/etc/passwd")
    for path in (b"a", b"b", b"c"):
        with pytest.raises(HostError, match="cannot be read"):
            tree.read(tree.get(path))


def test_the_tree_of_an_image_of_no_layers_is_its_root(tmp_path):
    tree = FileTree.of(open_image(archive(tmp_path, [])))
    assert [node.path for node in tree.walk()] == [b""]


def test_files_of_a_tar_are_read_in_place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    big = os.urandom(300_000)
    tree = tree_of(tmp_path, [Item("a", b"lower"), Item("b", big)], [Item("c", hard="a")])
    with tree.open(tree.get(b"b")) as stream:
        assert stream.read() == big
        assert (stream.seek(-10, os.SEEK_END), stream.read(100)) == (len(big) - 10, big[-10:])
        assert (stream.seek(len(big) + 5), stream.read(1)) == (len(big) + 5, b"")
    assert tree.read(tree.get(b"c")) == b"lower"
    assert not list((tmp_path / "cache/jettison").glob("layers*/*"))


def test_a_tar_that_was_altered_is_noticed_though_its_entries_are_known(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    reference = archive(tmp_path, [[Item("a", b"good bytes")]])
    FileTree.of(open_image(reference))
    file = tmp_path / reference.partition(":")[2].rpartition("/")[2]
    file.write_bytes(file.read_bytes().replace(b"good bytes", b"evil bytes"))
    tree = FileTree.of(open_image(reference))
    with pytest.raises(DigestError):
        tree.read(tree.get(b"a"))


def test_entries_without_offsets_are_read_again_for_a_tar(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    image = open_image(archive(tmp_path, [[Item("a", b"content")]]))
    remember(image.layers[0].diff_id, collect(image.layers[0].entries()))
    tree = FileTree.of(image)
    assert tree.read(tree.get(b"a")) == b"content"
