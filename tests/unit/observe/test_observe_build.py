"""From a trace and a tree to evidence."""

import pytest

from jettison.layers.changes import collect
from jettison.layers.entry import Entry, Kind
from jettison.layers.merge import MergedTree
from jettison.observe.build import build_evidence, tidy
from jettison.observe.changed import Changed
from jettison.observe.evidence import (
    Access,
    Exec,
    ImageIdentity,
    Lifecycle,
    Operation,
    Phase,
    Resources,
    Socket,
    Write,
    WriteOperation,
)
from jettison.observe.trace import Endpoint, Execution, Lookup, Trace

FILES = ("bin/app", "etc/conf", "data/old", "usr/lib/libc.so", "jail/etc/conf")
LINKS = {"lib": "usr/lib", "log": "/dev/stderr", "nowhere": "/missing", "jail/abs": "/etc/conf"}
FOLDERS = ("bin", "etc", "data", "usr", "usr/lib", "tmp", "jail", "jail/etc", "mnt")
CREATE, WRITE, UNLINK = WriteOperation.CREATE, WriteOperation.WRITE, WriteOperation.UNLINK


@pytest.fixture(scope="module")
def tree():
    entries = [Entry(path.encode(), Kind.DIR, 0o755) for path in FOLDERS]
    entries += [Entry(path.encode(), Kind.FILE) for path in FILES]
    entries += [Entry(path.encode(), Kind.SYMLINK, target=to.encode()) for path, to in LINKS.items()]
    return MergedTree([collect(sorted(entries, key=lambda entry: entry.path))])


@pytest.fixture
def build(tree):
    def build(*lookups, written=(), removed=(), outside=(), **trace):
        return build_evidence(
            Trace(lookups=lookups, **trace),
            tree,
            identity=ImageIdentity("x", "sha256:0", "linux/amd64"),
            run_id="1",
            command=("app",),
            changed=Changed(frozenset(written), frozenset(removed)),
            resources=Resources(),
            lifecycle=Lifecycle(),
            responses=[],
            cpu={},
            outside=outside,
        )

    return build


def look(path, operation=Operation.OPEN, *writes, phase=Phase.START, step="start", by=b"/bin/app", **more):
    return Lookup(path.encode(), operation, phase, step, by, writes=writes, **more)


def test_what_the_image_has_is_a_path_and_what_it_has_not_is_missing(build):
    evidence = build(look("/etc/conf"), look("/etc/other", Operation.STAT))
    assert evidence.paths == {"/etc/conf": Access({Operation.OPEN}, {Phase.START}, {"/bin/app"}, {"start"})}
    assert evidence.missing.keys() == {"/etc/other"}


def test_operations_phases_and_programs_add_up_and_the_first_step_stays(build):
    evidence = build(
        look("/etc/conf"),
        look("/etc/conf", Operation.STAT, phase=Phase.SERVE, step="GET /", by=b"/bin/other"),
    )
    assert evidence.paths["/etc/conf"] == Access(
        {Operation.OPEN, Operation.STAT}, {Phase.START, Phase.SERVE}, {"/bin/app", "/bin/other"}, {"start"}
    )


def test_paths_stay_as_they_were_asked_for(build):
    evidence = build(look("/lib/libc.so"), look("//usr/./bin/../lib/libc.so/"))
    assert evidence.paths.keys() == {"/lib/libc.so"}
    assert evidence.missing.keys() == {"/usr/bin/../lib/libc.so"}


def test_a_link_that_is_not_followed_is_read_as_a_link(build):
    evidence = build(look("/lib", Operation.STAT, follow=False), look("/lib", Operation.STAT))
    assert evidence.paths["/lib"].operations == {Operation.READLINK, Operation.STAT}


def test_a_folder_that_is_opened_is_listed(build):
    assert build(look("/etc")).paths["/etc"].operations == {Operation.LIST}


def test_kernel_folders_and_mounts_are_not_the_image_s_but_links_to_them_are(build):
    evidence = build(look("/dev/null"), look("/proc/1/x"), look("/mnt/x"), look("/log"), outside=["/mnt"])
    assert evidence.paths.keys() == {"/log"}
    assert evidence.missing == {}


def test_a_link_to_nowhere_is_there_and_its_target_is_not_made_up(build):
    evidence = build(look("/nowhere", Operation.STAT))
    assert evidence.paths["/nowhere"].operations == {Operation.READLINK}
    assert evidence.missing == {}


def test_under_a_changed_root_the_real_path_is_told(build):
    evidence = build(look("/jail/abs", root=b"/jail"), look("/jail/../../etc/conf", root=b"/jail"))
    assert evidence.paths.keys() == {"/jail/etc/conf"}


def test_a_created_file_is_a_write_of_something_absent(build):
    evidence = build(
        look("/tmp/new", Operation.OPEN, CREATE, WRITE), look("/tmp/new"), written=[b"tmp", b"tmp/new"]
    )
    assert evidence.writes == {"/tmp/new": Write({CREATE, WRITE}, {Phase.START}, {"/bin/app"}, "absent")}
    assert evidence.missing == {}


def test_files_that_were_removed_again_are_not_missing(build):
    evidence = build(
        look("/tmp/build", Operation.WRITE, WriteOperation.MKDIR),
        look("/tmp/build/a", Operation.OPEN, CREATE, WRITE),
        look("/tmp/build/b", Operation.STAT),
        look("/tmp/build/a", Operation.WRITE, UNLINK),
    )
    assert evidence.missing == {}
    assert evidence.writes["/tmp/build/a"].operations == {CREATE, WRITE, UNLINK}


def test_a_file_cannot_be_made_in_a_folder_that_is_missing(build):
    evidence = build(look("/no/such/file", Operation.OPEN, CREATE, WRITE))
    assert evidence.missing.keys() == {"/no/such/file"}
    assert evidence.writes == {}


def test_a_changed_file_is_a_path_and_a_write(build):
    evidence = build(look("/data/old", Operation.OPEN, CREATE, WRITE), written=[b"data", b"data/old"])
    assert evidence.paths["/data/old"].operations == {Operation.OPEN}
    assert evidence.writes["/data/old"] == Write({WRITE}, {Phase.START}, {"/bin/app"}, "file")


def test_a_file_that_was_opened_for_writing_and_left_alone_is_no_write(build):
    assert build(look("/data/old", Operation.OPEN, WRITE)).writes == {}


def test_a_removed_file_is_a_write(build):
    evidence = build(look("/data/old", Operation.WRITE, UNLINK), removed=[b"data/old"])
    assert evidence.writes["/data/old"] == Write({UNLINK}, {Phase.START}, {"/bin/app"}, "file")
    assert evidence.paths["/data/old"].operations == {Operation.WRITE}


def test_only_programs_that_were_there_are_executed(build):
    evidence = build(
        written=[b"tmp/made"],
        executions=tuple(
            Execution(path, (b"x",), Phase.START, 2)
            for path in (b"/bin/app", b"/usr/bin/app", b"/tmp/made", b"/memfd:m")
        ),
    )
    assert evidence.execs == [
        Exec("/bin/app", ("x",), Phase.START, 2),
        Exec("/memfd:m", ("x",), Phase.START, 2),
        Exec("/tmp/made", ("x",), Phase.START, 2),
    ]


def test_sockets_and_the_account_of_the_run_are_taken_over(build):
    evidence = build(
        sockets=(Endpoint("listen", "inet", "tcp", "0.0.0.0", 80, b"/bin/app"),),
        events=7,
        complete=False,
        reason="why",
        phases={Phase.START: 1.23456},
    )
    assert evidence.sockets == {Socket("listen", "inet", "tcp", "0.0.0.0", 80, "/bin/app")}
    (run,) = evidence.runs
    assert (run.events, run.complete, run.incomplete_reason) == (7, False, "why")
    assert run.phases == {"start": 1.2346}
    assert not evidence.complete


def test_bytes_that_are_no_text_are_percent_encoded(build):
    lookup = Lookup(b"/etc/\xff%", Operation.STAT, Phase.START, "start")
    assert build(lookup).missing.keys() == {"/etc/%FF%25"}


@pytest.mark.parametrize(("path", "result"), [(b"//a/./b/", b"/a/b"), (b"/a/../b", b"/a/../b"), (b"/", b"/")])
def test_tidying_drops_only_what_means_nothing(path, result):
    assert tidy(path) == result
