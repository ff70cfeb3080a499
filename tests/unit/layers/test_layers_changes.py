"""What one layer changes, whatever the order of its tar."""

import pytest

from jettison.errors import InvalidInputError, LimitError
from jettison.layers.changes import Changes, collect
from jettison.layers.entry import Entry, Kind


def entry(path: str, kind: Kind = Kind.FILE, **fields: object) -> Entry:
    target = fields.pop("target", "")
    return Entry(path.encode(), kind, target=str(target).encode(), **fields)  # type: ignore[arg-type]


def folder(path: str) -> Entry:
    return entry(path, Kind.DIR)


def link(path: str, target: str) -> Entry:
    return entry(path, Kind.SYMLINK, target=target)


def hard(path: str, target: str) -> Entry:
    return entry(path, Kind.HARDLINK, target=target)


def gone(path: str) -> Entry:
    return entry(path, Kind.WHITEOUT)


def opaque(path: str) -> Entry:
    return entry(path, Kind.OPAQUE)


def shown(changes: Changes) -> dict[str, str]:
    return {node.path.decode(): node.kind.name for node in changes.nodes}


def test_the_last_entry_of_a_path_wins():
    changes = collect([entry("a", uid=1), entry("a", uid=2)])
    assert [(node.path, node.uid) for node in changes.nodes] == [(b"a", 2)]


def test_nodes_are_sorted_so_that_parents_come_first():
    changes = collect([entry("b/c/d"), folder("b/c"), folder("b"), entry("a")])
    assert list(shown(changes)) == ["a", "b", "b/c", "b/c/d"]


def test_folders_that_nothing_describes_are_implied():
    assert collect([entry("a/b/c"), folder("a"), gone("x/y"), opaque("p/q")]).implied == [
        b"a/b",
        b"p",
        b"p/q",
        b"x",
    ]


def test_an_entry_below_a_link_of_the_same_layer_lands_where_the_link_leads():
    changes = collect([folder("usr/bin"), link("bin", "usr/bin"), entry("bin/sh"), gone("bin/old")])
    assert shown(changes) == {"bin": "SYMLINK", "usr/bin": "DIR", "usr/bin/sh": "FILE"}
    assert changes.whiteouts == [b"usr/bin/old"]


@pytest.mark.parametrize(
    ("target", "lands"),
    [("/etc", "etc/f"), ("../../..", "f"), ("../../etc/./x", "etc/x/f"), ("/", "f"), (".", "d/f")],
)
def test_links_do_not_lead_out_of_the_root(target, lands):
    assert lands in shown(collect([link("d/l", target), entry("d/l/f")]))


def test_links_of_links_are_followed():
    changes = collect([link("a", "b"), link("b", "c/d"), link("c", "/e"), entry("a/f")])
    assert "e/d/f" in shown(changes)


@pytest.mark.parametrize("links", [[link("a", "a")], [link("a", "b"), link("b", "a")], [link("a", "a/b")]])
def test_links_in_a_circle_are_refused(links):
    with pytest.raises(InvalidInputError, match="links"):
        collect([*links, entry("a/f")])


def test_a_link_that_comes_after_an_entry_below_it_replaces_the_folder():
    assert shown(collect([entry("bin/sh"), link("bin", "usr/bin")])) == {"bin": "SYMLINK"}


def test_a_link_that_changes_on_the_way_is_followed_anew():
    changes = collect(
        [link("l", "one"), entry("l/a"), link("l", "two"), entry("l/b"), folder("l"), entry("l/c")]
    )
    assert shown(changes) == {"l": "DIR", "l/c": "FILE", "one/a": "FILE", "two/b": "FILE"}


def test_what_arrives_over_a_folder_removes_what_was_in_it():
    changes = collect([folder("d"), entry("d/a"), entry("d/e/b"), entry("d"), entry("dx")])
    assert shown(changes) == {"d": "FILE", "dx": "FILE"}
    assert changes.implied == []


def test_a_folder_that_comes_back_is_empty():
    assert shown(collect([entry("d/a"), entry("d"), folder("d"), entry("d/b")])) == {
        "d": "DIR",
        "d/b": "FILE",
    }


def test_a_path_below_a_file_makes_the_file_a_folder():
    changes = collect([entry("a"), entry("a/b")])
    assert shown(changes) == {"a/b": "FILE"}
    assert changes.implied == [b"a"]


def test_a_whiteout_does_not_hide_what_its_own_layer_has():
    for entries in ([gone("a"), entry("a")], [entry("a"), gone("a")]):
        changes = collect(entries)
        assert shown(changes) == {"a": "FILE"}
        assert changes.whiteouts == []


@pytest.mark.parametrize(
    "entries",
    [
        [gone("d"), folder("d"), entry("d/a")],
        [folder("d"), entry("d/a"), gone("d")],
        [folder("d"), opaque("d"), entry("d/a")],
        [entry("d/a"), opaque("d"), folder("d")],
    ],
)
def test_a_whiteout_of_an_own_folder_makes_it_opaque_in_any_order(entries):
    changes = collect(entries)
    assert (shown(changes), changes.opaque, changes.whiteouts) == ({"d": "DIR", "d/a": "FILE"}, [b"d"], [])


def test_a_whiteout_of_an_implied_folder_makes_it_opaque():
    changes = collect([gone("d"), entry("d/a")])
    assert (changes.opaque, changes.implied, changes.whiteouts) == ([b"d"], [b"d"], [])


def test_only_a_folder_can_be_opaque():
    assert collect([opaque("d"), entry("d")]).opaque == []


def test_hard_links_share_a_number_and_all_but_their_name():
    changes = collect([entry("a", uid=5, size=3), hard("b", "a"), hard("c", "b"), entry("d")])
    assert [(n.path, n.uid, n.size, n.inode) for n in changes.nodes] == [
        (b"a", 5, 3, 1),
        (b"b", 5, 3, 1),
        (b"c", 5, 3, 1),
        (b"d", 0, 0, 0),
    ]


def test_a_hard_link_of_a_link_is_one():
    changes = collect([link("a", "x"), hard("b", "a")])
    assert [(n.kind, n.target, n.inode) for n in changes.nodes] == [(Kind.SYMLINK, b"x", 1)] * 2


def test_a_replaced_name_is_no_link_any_more():
    changes = collect([entry("a"), hard("b", "a"), entry("a", uid=1)])
    assert [(n.path, n.uid, n.inode) for n in changes.nodes] == [(b"a", 1, 0), (b"b", 0, 1)]


def test_hard_links_to_lower_layers_are_kept_apart():
    changes = collect([hard("a", "lower"), hard("b", "a"), folder("c")])
    assert changes.links == [(b"a", b"lower"), (b"b", b"lower")]


def test_a_target_is_looked_up_behind_links_of_the_layer():
    changes = collect([link("bin", "usr/bin"), entry("bin/a"), hard("b", "bin/a")])
    assert changes.links == []
    assert {n.path for n in changes.nodes if n.inode} == {b"b", b"usr/bin/a"}


@pytest.mark.parametrize("entries", [[hard("a", "a")], [folder("d"), hard("a", "d")]])
def test_a_hard_link_that_cannot_be_is_refused(entries):
    with pytest.raises(InvalidInputError, match="hard link"):
        collect(entries)


def test_a_layer_that_keeps_replacing_folders_is_refused():
    with pytest.raises(LimitError, match="replaces"):
        collect(each for _ in range(100) for each in (entry("d/a"), entry("d")))


def test_a_path_that_gets_too_long_behind_links_is_refused():
    long = "/".join(["n" * 250] * 15)
    with pytest.raises(LimitError):
        collect([link("l", long), link("m", "l/" + long), entry("m/f")])
