"""strace as an independent witness: what it saw, the observer must have seen."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from observed import Bench

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
]

CALL = re.compile(r"(\w+)\((.*)\) += ")
PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
BOTH = {"rename", "renameat", "renameat2", "link", "linkat"}
SECOND = {"symlink", "symlinkat"}


def strace_paths(trace: bytes) -> set[bytes]:
    """The paths in what `strace -y` wrote about one process, absolute.

    Only old calls have relative paths without a folder beside them; those count once a chdir was seen.
    """
    found = set()
    here = ""
    for line in trace.decode("latin-1").splitlines():
        call = CALL.match(line)
        if call is None or call[1] == "getcwd":
            continue
        name, arguments = call.groups()
        if name == "fchdir":
            here = arguments.partition("<")[2].rstrip(">")
        places = PATH.findall(arguments)
        wanted = places if name in BOTH else places[1:2] if name in SECOND else places[:1]
        for folder, text in wanted:
            path = text.encode("latin-1").decode("unicode_escape")
            base = folder or here
            if path.startswith("/") or (path and base):
                path = path if path.startswith("/") else f"{base.rstrip('/')}/{path}"
                found.add(path.encode("latin-1"))
                here = path if name == "chdir" and line.endswith(" = 0") else here
    return found


@pytest.mark.parametrize(
    "command",
    [
        "ls -lR /etc /usr/bin /nonexistent",
        "find / -xdev -name *.conf -newer /etc/passwd",
        "for i in 1 2 3; do script; done; type missing-program; cd /tmp; : > here; cat < here",
        "mkdir -p /tmp/a/b; cp -a /etc /tmp/a/b; mv /tmp/a/b/etc /tmp/c; ln -s /etc /tmp/l; cat /tmp/l",
        "cp -r /usr/bin /tmp/x; chmod -R go-w /tmp/x; rm -rf /tmp/x; touch /tmp/y; rm /tmp/y",
        "tar -cf /tmp/t.tar -C /etc . ; mkdir /tmp/out; tar -xf /tmp/t.tar -C /tmp/out",
    ],
)
def test_nothing_that_strace_sees_is_missing(bench: Bench, witness_layer: Path, command: str) -> None:
    both = replace(bench, layers=[*bench.layers, witness_layer])
    quiet = f"{{ {command}; }} >/dev/null 2>&1"
    strace = ("strace", "-f", "-y", "-s", "4096", "-e", "trace=%file,fchdir", "-ff", "-o", "/traces/of")
    seen = both.watch(*strace, "sh", "-c", quiet, folder="traces")
    assert seen.trace.complete, seen.trace.reason
    witnessed = set().union(*map(strace_paths, seen.written.values()))
    assert len(witnessed) > 10
    assert witnessed - seen.paths == set()
