"""The traps of image formats, each held by a test: here what an inspection says, elsewhere what reads it.

====  =================================================  ======================================================
trap  is                                                 test
====  =================================================  ======================================================
1     layouts of archives old and new, any compression   stores: layers_may_be_packed_whatever_they_are_called,
                                                         a_docker_archive_is_a_layout_too
2     order of members, repeated and linked layers       stores: equal_layers_may_be_links_as_old_engines_…,
                                                         the_last_of_two_members_counts, …_come_from_a_pipe
3     several images, nested indexes                     stores: several_images_must_be_chosen_from,
                                                         …_chosen_also_in_nested_indexes
4     attestations                                       stores: attestations_are_never_taken_for_the_image;
                                                         image: attestations_are_known_in_both_forms
5     media types of Docker, mixed                       stores: documents_of_docker_are_read_too
6     history and layers of other counts, its dialects   here: a_history_of_another_length_claims_nothing,
                                                         the_dialects_of_builders_…
7     diff_id, digest, chain; null dates                 image: null_means_absent_as_go_writes_it; here: no_date
8     whiteouts before additions, in any order           layers: a_whiteout_does_not_hide_what_its_own_layer_has,
                                                         …_opaque_in_any_order; hostile: …_that_name_nothing_…
9     implicit deletes                                   here: what_hides_without_a_whiteout_is_dead_too
10    missing parents, links among them                  layers: folders_that_nothing_describes_are_implied,
                                                         an_entry_below_a_link_of_a_lower_layer_…
11    hard links                                         layers: a_hard_link_is_broken_by_a_copy_of_one_name,
                                                         a_hard_link_to_a_lower_layer_…; here: hard_links_…
12    names                                              layers: names_are_bytes, names_are_confined_to_the_root;
                                                         here: names_cannot_move_the_cursor
13    a path twice in one layer                          here: of_a_path_twice_in_a_layer_the_last_counts
14    PAX and GNU                                        layers: a_pax_record_wins_…, a_global_header_changes_no_…
15    binary attributes                                  layers: binary_attributes_survive
16    file capabilities; copies for an owner or mode     here: a_copy_for_the_mode_alone_is_told_from_a_new_…,
                                                         capabilities_are_a_right_like_setuid
17    devices and FIFOs                                  hostile: special_files_are_data_and_never_opened;
                                                         here: devices_are_reported_and_not_opened
18    sparse files                                       hostile: headers_that_are_wrong_are_refused
19    gzip of several members, zstd of several frames    layers: every_form_is_read_to_its_end_and_verified;
                                                         here: a_layer_of_many_members_is_measured_whole
20    endings of archives                                layers: an_archive_may_end_in_every_usual_way
21    reproducible output                                stores: archives_are_the_same_bytes_each_time
22    registries                                         stores: test_stores_registry.py
23    engines                                            stores: test_stores_engine.py
24    rewriting one platform                             stores: an_index_gives_the_platform_and_never_an_…
25    hostile input                                      hostile: test_layers_hostile.py; here:
                                                         names_cannot_move_the_cursor
26    other digests                                      layers: sha512_is_verified
27    empty layers                                       here: an_empty_layer_is_a_layer_of_nothing
28    three sizes                                        here: the_three_sizes_are_not_confused
====  =================================================  ======================================================

dive's errors (opaque folders ignored, links over folders, copies counted twice, hard links counted by name,
layers in random order) are in traps 8, 9, 11, 16 and the sums of `space_of`.
"""  # noqa: E501 - a table is read by its columns

import gzip
import io
from pathlib import Path

import pytest
from rich.console import Console

from builders import Item, image_of, layer_tar
from jettison.image.model import Image
from jettison.inspect.scan import inspect_image
from jettison.inspect.space import Cause, Space, measure
from jettison.report.inspection import screen
from jettison.stores.open import open_image
from layouts import OCI_LAYER, Layout, digest
from planted import secrets

MIB = bytes(1 << 20)
TOKEN = secrets()["github-token"].encode()


def space_of(image: Image) -> Space:
    """The account, whose parts make up its sums."""
    space = measure(image)
    assert sum(entry.size for entry in space.dead) == space.payload - space.reachable
    assert all(0 <= layer.reachable <= layer.payload for layer in space.layers)
    return space


def dead(space: Space) -> list[tuple[str, int, int, int, Cause]]:
    return [(e.node.path.decode(), e.size, e.layer, e.by, e.cause) for e in space.dead]


def screen_of(image: Image) -> str:
    console = Console(record=True, width=120, file=io.StringIO())
    console.print(screen.summary(inspect_image(image).document))
    return console.export_text()


# --- 6, 7
@pytest.mark.parametrize("entries", [0, 1, 3])
def test_a_history_of_another_length_claims_nothing(tmp_path, entries):
    history = [{"created_by": f"RUN step {n}"} for n in range(entries)]
    found = inspect_image(image_of(tmp_path, [Item("a", b"1")], [Item("b", b"2")], history=history)).document
    assert [layer.instruction for layer in found.layers] == [None, None]
    assert len(found.history) == entries


@pytest.mark.parametrize(
    ("created_by", "text"),
    [
        ("RUN /bin/sh -c make # buildkit", "RUN make"),
        ("|2 A=1 B=two words /bin/sh -c make", "RUN make"),
        ("RUN |1 A=1 /bin/sh -c make # buildkit", "RUN make"),
        ("RUN <<EOF (apt-get update...)", "RUN <<EOF (apt-get update...)"),
        ("/bin/sh -c make", "RUN make"),
        ("/bin/sh -c #(nop) COPY file:abc in /srv ", "COPY file:abc /srv"),
        ("COPY . /srv # buildkit", "COPY . /srv"),
    ],
)
def test_the_dialects_of_builders_are_one_instruction(tmp_path, created_by, text):
    found = inspect_image(image_of(tmp_path, [Item("a")], history=[{"created_by": created_by}])).document
    assert found.history[0].text == text
    assert found.layers[0].instruction == 0


def test_an_image_of_no_date_and_no_history_has_a_report(tmp_path):
    layout = Layout(tmp_path / "layout")
    config = {"created": None, "history": None, "config": {"Env": None, "Labels": None}}
    image = open_image(layout.finish(layout.image([Item("a", b"1")], config=config)))
    assert inspect_image(image).document.image.created == ""


# --- 8, 9
@pytest.mark.parametrize(
    "upper",
    [
        [Item("d/.wh..wh..opq")],
        [Item("d/new", b"n"), Item("d/.wh..wh..opq")],
        [Item(".wh.d")],
        [Item(".wh.d"), Item("d/new", b"n")],
        [Item("d", b"a file")],
        [Item("d", link="/etc")],
    ],
)
def test_what_hides_without_a_whiteout_is_dead_too(tmp_path, upper):
    space = space_of(image_of(tmp_path, [Item("d/a", MIB), Item("d/e/b", MIB)], upper))
    lost = [("d/a", len(MIB), 0, 1, Cause.DELETED), ("d/e/b", len(MIB), 0, 1, Cause.DELETED)]
    assert dead(space) == lost


def test_a_folder_over_a_file_makes_the_file_dead(tmp_path):
    space = space_of(image_of(tmp_path, [Item("f", MIB)], [Item("f", None), Item("f/x", b"1")]))
    assert [(path, size) for path, size, *_ in dead(space)] == [("f", len(MIB))]


# --- 11
def test_hard_links_are_counted_once_and_die_with_their_last_name(tmp_path):
    lower = [Item("perl", MIB), Item("perl5", hard="perl")]
    one = space_of(image_of(tmp_path, lower, [Item(".wh.perl")]))
    assert (one.payload, one.reachable, dead(one)) == (len(MIB), len(MIB), [])
    both = space_of(image_of(tmp_path, lower, [Item(".wh.perl"), Item(".wh.perl5")]))
    assert (both.payload, both.reachable) == (len(MIB), 0)
    assert sum(size for _, size, *_ in dead(both)) == len(MIB)


def test_a_changed_name_of_a_link_leaves_the_other_alive(tmp_path):
    lower = [Item("a", MIB), Item("b", hard="a")]
    space = space_of(image_of(tmp_path, lower, [Item("a", MIB, mode=0o600)]))
    assert (space.payload, space.reachable, dead(space)) == (2 * len(MIB), 2 * len(MIB), [])


# --- 12, 25
def test_names_cannot_move_the_cursor(tmp_path):
    name = "srv/\x1b[2J\x1b]0;title\x07\n\u202eevil"
    history = [{"created_by": "RUN echo \x1b[31mred\x1b[0m\n\tline"}]
    text = screen_of(image_of(tmp_path, [Item(name, b"k" * 5000, mode=0o4755)], history=history))
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "%1B" in text or "\\x1b" in text


# --- 13
def test_of_a_path_twice_in_a_layer_the_last_counts(tmp_path):
    space = space_of(image_of(tmp_path, [Item("a", MIB), Item("a", b"small")]))
    assert (space.payload, space.reachable, dead(space)) == (5, 5, [])


# --- 16, 17
def test_a_copy_for_the_mode_alone_is_told_from_a_new_content(tmp_path):
    lower = [Item("model", MIB), Item("other", b"1" * 5000)]
    image = image_of(tmp_path, lower, [Item("model", MIB, mode=0o600), Item("other", b"2" * 5000)])
    found = {each.path: each.cause for each in inspect_image(image).document.dead}
    assert found == {"model": "copied", "other": "replaced"}


def test_capabilities_are_a_right_like_setuid(tmp_path):
    value = (0x02000001).to_bytes(4, "little") + (1 << 10).to_bytes(4, "little") + bytes(12)
    layer = [Item("bin/ping", b"x" * 100, 0o755, xattrs={"security.capability": value.decode("latin-1")})]
    found = inspect_image(image_of(tmp_path, layer)).document.privileged
    assert [each.path for each in found] == ["bin/ping"]


def test_devices_are_reported_and_not_opened(tmp_path):
    image = image_of(tmp_path, [Item("dev/null", type=b"3"), Item("run/fifo", type=b"6")])
    found = inspect_image(image).document
    assert found.sizes.entries >= 4
    assert found.problems == ()
    assert found.sizes.on_disk == 0


# --- 19, 27, 28
def packed(tmp_path: Path, tar: bytes, blob: bytes) -> Image:
    layout = Layout(tmp_path)
    layers = {"layers": [layout.blob(blob, OCI_LAYER + "+gzip")]}
    config = {"rootfs": {"type": "layers", "diff_ids": [digest(tar)]}}
    return open_image(layout.finish(layout.image(config=config, manifest=layers)))


def test_a_layer_of_many_members_is_measured_whole(tmp_path):
    tar = layer_tar([Item("a", b"A" * 70_000), Item("b", b"key = '" + TOKEN + b"'\n")])
    blob = gzip.compress(tar[:1000]) + gzip.compress(tar[1000:60_000]) + gzip.compress(tar[60_000:])
    found = inspect_image(packed(tmp_path, tar, blob)).document
    assert found.sizes.reachable == 70_000 + 49
    assert found.sizes.pulled == len(blob)
    assert [secret.path for secret in found.secrets or ()] == ["b"]


def test_an_empty_layer_is_a_layer_of_nothing(tmp_path):
    found = inspect_image(image_of(tmp_path, [Item("a", b"1")], [])).document
    assert [(layer.files, layer.on_disk) for layer in found.layers] == [(1, 1), (0, 0)]


def test_the_three_sizes_are_not_confused(tmp_path):
    tar = layer_tar([Item("a", MIB)])
    sizes = inspect_image(packed(tmp_path, tar, gzip.compress(tar))).document.sizes
    assert (sizes.on_disk, sizes.reachable) == (len(MIB), len(MIB))
    assert sizes.pulled is not None and sizes.pulled < 20_000
    archived = inspect_image(image_of(tmp_path, [Item("a", MIB)], [Item("a", b"")])).document.sizes
    assert (archived.pulled, archived.on_disk, archived.reachable) == (None, len(MIB), 0)
