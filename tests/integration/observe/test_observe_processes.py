"""Whose path it is and where it leads: folders, roots, threads, programs, memory."""

import pytest
from observed import PROBE, Bench

from jettison.observe.evidence import Operation, Phase, WriteOperation
from jettison.observe.trace import Execution

pytestmark = pytest.mark.integration


def test_relative_paths_are_joined_with_folder_and_descriptor_of_the_moment(bench: Bench) -> None:
    seen = bench.watch(PROBE, "folders")
    assert seen.trace.complete
    assert {
        *(b"/relative-to-root", b"/made/relative-to-made", b"/made/../up", b"/made/./dot"),
        *(b"/made/inner/by-folder", b"/made/inner/by-anchor", b"/made/inner/after-fchdir"),
        b"/made/by-folder",
    } <= seen.paths
    assert not [path for path in seen.paths if b"no-such-folder" in path or b"in-removed" in path]
    assert seen.how("/made/inner/by-anchor") == (Operation.STAT, False, ())


def test_opening_a_folder_is_listing_it_unless_it_is_only_an_anchor(bench: Bench) -> None:
    seen = bench.watch(PROBE, "folders")
    found = {(e.path, e.operation) for e in seen.trace.lookups}
    assert (b"/made/inner", Operation.LIST) in found
    assert (b"/made/inner", Operation.STAT) in found
    assert (b"/made", Operation.CHDIR) in found


def test_a_changed_root_is_part_of_the_path(bench: Bench) -> None:
    seen = bench.watch(PROBE, "root")
    found = {(e.root, e.path) for e in seen.trace.lookups}
    assert {
        *((b"", b"/before"), (b"", b"/after")),
        *((b"/jail", b"/jail/absolute"), (b"/jail", b"/jail/sub/relative")),
        (b"/jail", b"/jail/sub/../../../up"),
    } <= found


def test_paths_at_the_edge_of_memory_are_read_and_bad_pointers_ignored(bench: Bench) -> None:
    seen = bench.watch(PROBE, "pointers")
    assert seen.trace.complete, seen.trace.reason
    assert {b"/page-end", b"/last", b"/" * 3000 + b"/across"} <= seen.paths
    assert not [path for path in seen.paths if b"aaaa" in path or b"bbbb" in path]


def test_threads_are_told_apart_from_processes(bench: Bench) -> None:
    seen = bench.watch(PROBE, "threads")
    assert {b"/thread-%d" % number for number in range(64)} <= seen.paths
    assert {e.executable for e in seen.trace.lookups if e.path.startswith(b"/thread-")} == {b"/bin/probe"}


def test_programs_are_counted_with_arguments_but_without_secrets(bench: Bench) -> None:
    seen = bench.watch(PROBE, "executed")
    assert {b"/by-execve", b"/by-spawn", b"/by-memory", b"/by-descriptor"} <= seen.paths
    masked = (b"/bin/probe", b"look", b"/by-execve", b"--password", b"***")
    assert set(seen.trace.executions) == {
        Execution(b"/bin/probe", (b"/bin/probe", b"executed"), Phase.START, 1),
        Execution(b"/bin/probe", masked, Phase.START, 1),
        Execution(b"/bin/probe", (b"/bin/probe", b"look", b"/by-spawn"), Phase.START, 1),
        Execution(b"/bin/probe", (b"by-descriptor", b"look", b"/by-descriptor"), Phase.START, 1),
        Execution(b"/memfd:program", (b"in-memory", b"look", b"/by-memory"), Phase.START, 1),
        Execution(b"/missing-program", masked, Phase.START, 1),
    }
    by = {e.path: e.executable for e in seen.trace.lookups}
    assert by[b"/by-memory"] == b"/memfd:program"
    assert by[b"/missing-program"] == b"/bin/probe"


def test_links_of_proc_are_seen_through(bench: Bench) -> None:
    seen = bench.watch(PROBE, "through-proc")
    assert {
        *(b"/usr/by-cwd", b"/by-root", b"/bin/probe", b"/tmp/by-fd", b"/usr/by-pid", b"/tmp/by-dev"),
    } <= seen.paths


def test_openat2_is_understood_with_its_structure(bench: Bench) -> None:
    seen = bench.watch(PROBE, "openat2")
    assert seen.how("/usr/plain") == (Operation.OPEN, True, ())
    assert seen.how("/tmp/created")[2] == (WriteOperation.CREATE, WriteOperation.WRITE)
    (rooted,) = [e for e in seen.trace.lookups if e.path == b"/usr/in-root"]
    assert rooted.root == b"/usr"


@pytest.mark.parametrize("no_new_privileges", [False, True])
def test_what_the_runtime_looks_up_is_not_the_application_s(bench: Bench, no_new_privileges: bool) -> None:
    seen = bench.watch(PROBE, "look", "/wanted", no_new_privileges=no_new_privileges)
    own = [e for e in seen.trace.lookups if not e.executable]
    assert [(e.path, e.operation) for e in own] == [(b"/bin/probe", Operation.EXEC)]
    assert seen.paths == {b"/bin/probe", b"/wanted"}


def test_what_would_hide_files_is_denied(bench: Bench) -> None:
    assert bench.watch(PROBE, "denied").stdout == "38 1\n"


def test_a_link_to_a_program_is_executed_by_its_name(bench: Bench) -> None:
    seen = bench.watch("/bin/link", "look", "/x")
    assert [e.path for e in seen.trace.executions] == [b"/bin/link"]
    assert {e.executable for e in seen.trace.lookups if e.path == b"/x"} == {b"/bin/probe"}
