"""Which folders a read-only root file system needs, and what for."""

import pytest

from builders import Item, tree_of
from jettison.harden.model import Medium, StorageKind
from jettison.harden.storage import needed
from jettison.observe.evidence import Access, Evidence, ImageIdentity, Operation, Write, WriteOperation

IMAGE = [
    Item("tmp", None),
    Item("run", None),
    Item("var/run", link="/run"),
    Item("var/lib/db", None, uid=7, gid=8, mode=0o700),
    Item("var/log/app", None),
    Item("var/log/app/out.log", link="/dev/stdout"),
    Item("app", None),
    Item("app/main.py", b"import x"),
    Item("srv/conf", None),
    Item("srv/conf/default.ini", b"a=1"),
]


def storage(folder, writes, *, paths=(), declared=(), sizes=None, users=(), home="/", more=()):
    evidence = Evidence(image=ImageIdentity("x:1", "sha256:0", "linux/amd64"))
    for path, operations in writes.items():
        evidence.writes[path] = Write(operations=set(operations), by={"/bin/app"})
    for path in paths:
        evidence.paths[path] = Access(operations={Operation.OPEN})
    tree = tree_of(folder, [*IMAGE, *more])
    sizes = sizes or {}
    return needed(tree, evidence, declared=declared, users=users, home=home, left=sizes, sizes=sizes)


@pytest.mark.parametrize(
    ("path", "folder", "kind"),
    [
        ("/tmp/x", "/tmp", StorageKind.TEMPORARY),
        ("/tmp/deep/er/x", "/tmp", StorageKind.TEMPORARY),
        ("/var/run/app.pid", "/run", StorageKind.RUNTIME),
        ("/var/log/app/access.log", "/var/log/app", StorageKind.LOG),
        ("/var/lib/new/x", "/var/lib/new", StorageKind.TEMPORARY),
    ],
)
def test_the_folder_and_its_purpose_follow_from_what_is_made_there(tmp_path, path, folder, kind):
    (found,) = storage(tmp_path, {path: [WriteOperation.CREATE]}).storage
    assert (found.path, found.kind, found.medium) == (folder, kind, Medium.TMPFS)


def test_what_stays_behind_is_data_and_keeps_its_owner(tmp_path):
    (found,) = storage(
        tmp_path, {"/var/lib/db/a": [WriteOperation.CREATE]}, sizes={b"var/lib/db/a": 3 * 1024**3}
    ).storage
    assert found.kind is StorageKind.DATA
    assert found.medium is Medium.VOLUME
    assert (found.uid, found.gid, found.mode) == (7, 8, 0o700)
    assert found.size_bytes >= 6 * 1024**3


def test_a_folder_that_the_run_made_in_a_system_folder_is_mounted_itself(tmp_path):
    found = storage(
        tmp_path,
        {"/var/lib/new": [WriteOperation.MKDIR], "/var/lib/new/sub/x": [WriteOperation.CREATE]},
    )
    assert [each.path for each in found.storage] == ["/var/lib/new"]


def test_a_declared_volume_is_data_even_when_nothing_was_written(tmp_path):
    (found,) = storage(tmp_path, {}, declared=["/var/lib/db"]).storage
    assert (found.path, found.kind) == ("/var/lib/db", StorageKind.DATA)
    assert "VOLUME" in found.because


def test_nothing_is_mounted_over_the_code(tmp_path):
    found = storage(
        tmp_path,
        {"/app/state.json": [WriteOperation.CREATE], "/app/__pycache__/main.pyc": [WriteOperation.CREATE]},
        paths=["/app/main.py"],
    )
    assert found.storage == ()
    assert found.beside_code == ("/app/state.json",)


def test_the_kernels_and_the_engines_files_need_nothing(tmp_path):
    made = [WriteOperation.CREATE]
    found = storage(
        tmp_path, {"/proc/self/comm": made, "/dev/null": made, "/etc/hosts": made, "/etc/resolv.conf": made}
    )
    assert found.storage == ()
    assert found.beside_code == ()


def test_content_that_the_run_read_goes_into_the_volume(tmp_path):
    (found,) = storage(
        tmp_path, {"/srv/conf/own.ini": [WriteOperation.CREATE]}, paths=["/srv/conf/default.ini"]
    ).storage
    assert found.seeded
    assert found.medium is Medium.VOLUME


def test_an_inner_folder_of_the_image_is_mounted_too_when_the_outer_one_starts_empty(tmp_path):
    evidence = {"/run/app.pid": [WriteOperation.CREATE], "/run/app/x.sock": [WriteOperation.CREATE]}
    tree = [*IMAGE, Item("run/app", None)]
    found = needed(
        tree_of(tmp_path, tree),
        Evidence(
            image=ImageIdentity("x:1", "sha256:0", "linux/amd64"),
            writes={path: Write(operations=set(made)) for path, made in evidence.items()},
        ),
        declared=[],
        users=[],
        home="/",
        left=[],
        sizes={},
    )
    assert [each.path for each in found.storage] == ["/run", "/run/app"]


def test_names_of_volumes_are_labels(tmp_path):
    (found,) = storage(tmp_path, {"/var/lib/db/a": [WriteOperation.CREATE]}).storage
    assert found.name == "var-lib-db"


@pytest.mark.parametrize(
    ("item", "users", "home", "mounted"),
    [
        (Item("srv/open", None, mode=0o1777), (), "/", True),
        (Item("srv/own", None, uid=33), (33,), "/", True),
        (Item("srv/own", None, uid=33), (34,), "/", False),
        (Item("app/uploads", None), (), "/app", True),
        (Item("app/node_modules/x/empty", None), (), "/app", False),
        (Item("opt/empty", None), (), "/", False),
        (Item("tmp/inner", None, mode=0o777), (), "/", False),
    ],
)
def test_what_the_image_made_to_be_written_is_mounted_unseen(tmp_path, item, users, home, mounted):
    found = storage(tmp_path, {}, users=users, home=home, more=[item])
    assert [each.path for each in found.storage] == ([f"/{item.path}"] if mounted else [])
