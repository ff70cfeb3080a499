"""Programs that scripts start."""

from __future__ import annotations

import pytest

from jettison.keep.rules.scripts import shebang
from jettison.keep.shell import parse_script, programs_of_argv, split_words


@pytest.mark.parametrize(
    ("script", "programs"),
    [
        (b"nginx -g 'daemon off;'", [b"nginx"]),
        (b"exec gosu redis redis-server /etc/redis.conf", [b"gosu", b"redis-server"]),
        (b"FOO=1 BAR=2 python3 app.py && curl -f localhost", [b"curl", b"python3"]),
        (b"x=$(date +%s); echo `id -u`", [b"date", b"id"]),
        (b"if [ -f /x ]; then cat /x | grep -q y; fi", [b"cat", b"grep"]),
        (b"env -i A=1 timeout -k 5 10 nice -n 3 foo --bar", [b"env", b"foo", b"nice", b"timeout"]),
        (b"find / -name x -exec rm {} \\; ", [b"find", b"rm"]),
        (b"sh -ec 'su -c \"id\" nobody'", [b"id", b"sh", b"su"]),
        (b"trap 'kill -9 $p; pkill x' TERM", [b"pkill"]),
        (b"cat <<EOF | mail root\ndisplay this\nEOF\n", [b"cat", b"mail"]),
        (b"f() { awk 1; }; f; echo awkward sed", [b"awk"]),
        (b"for i in ls cp; do echo $i; done", []),
        (b"/usr/sbin/php-fpm8.2 & wait", [b"/usr/sbin/php-fpm8.2"]),
        (b"#!/bin/sh\nls | xargs -n 1 stat", [b"ls", b"stat", b"xargs"]),
    ],
)
def test_only_words_in_command_position_are_programs(script, programs):
    """Arguments, here-documents, functions and builtins are none; wrappers and nested command lines are
    followed."""
    assert parse_script(script).programs() == programs


def test_variables_with_constant_values_are_followed():
    """A program that is named once at the top of a script is still found."""
    assert parse_script(
        b'BIN=/opt/app/bin\nCMD="$BIN/server -v"\n"$BIN/tool" x\n$CMD\n${JAVA:-java} -jar a.jar'
    ).programs() == [
        b"/opt/app/bin/server",
        b"/opt/app/bin/tool",
        b"java",
    ]


def test_constants_hold_the_files_a_script_names():
    """What is not in command position is available as words."""
    assert b"/etc/a.conf.template" in parse_script(b"cp /etc/a.conf.template /etc/a.conf").constants()


def test_broken_scripts_give_what_can_be_read():
    """A syntax error hides no command before it."""
    assert b"first" in parse_script(b"first --x\nif [ ; then fi (((\n").programs()


def test_argv_is_unfolded_in_order():
    """The program that is executed comes first."""
    assert programs_of_argv([b"tini", b"--", b"/start.sh", b"x"]) == [b"tini", b"/start.sh"]
    assert programs_of_argv([b"/bin/sh", b"-c", b"exec node server.js"]) == [b"/bin/sh", b"exec", b"node"]


@pytest.mark.parametrize(
    ("head", "argv"),
    [
        (b"#!/bin/sh\nx", [b"/bin/sh"]),
        (b"#! /usr/bin/env  python3 \n", [b"/usr/bin/env", b"python3"]),
        (b"#!/usr/bin/perl -w -T\n", [b"/usr/bin/perl", b"-w -T"]),
        (b"#!/usr/bin/env -S deno run --allow-net\n", [b"/usr/bin/env", b"deno", b"run", b"--allow-net"]),
        (b"#!/usr/bin/env -SA=1 node\n", [b"/usr/bin/env", b"node"]),
        (b"#!\n", []),
        (b"\x7fELF", []),
    ],
)
def test_shebang_is_split_as_the_kernel_and_env_do(head, argv):
    """One argument for the kernel; many with `env -S`."""
    assert shebang(head) == argv


def test_split_words_obeys_quotes():
    """Quotes group, and are gone afterwards."""
    assert split_words(b"a 'b c' \"d\" e\\ f") == [b"a", b"b c", b"d", b"e f"]
