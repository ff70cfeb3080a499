"""Images that try to make the plan endless, deep or slow."""

from __future__ import annotations

import time

import pytest
from keep_elves import elf
from keep_images import Exe, Folder, Link, balanced, make_config, make_tree, observed

from jettison.keep.rules.commands import started_in_code
from jettison.keep.shell import parse_script

LIB = "usr/lib/"


@pytest.fixture(autouse=True)
def quickly():
    """Each of these must be over in seconds."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 20


def test_a_chain_of_libraries_longer_than_the_stack(tmp_path):
    """Two thousand libraries, each needing the next."""
    files = {f"{LIB}lib{i}.so": elf(needed=(b"lib%d.so" % (i + 1),)) for i in range(2000)}
    plan = observed(make_tree(tmp_path, {**files, f"{LIB}lib2000.so": elf()}), "/usr/lib/lib0.so")
    assert b"usr/lib/lib2000.so" in plan


def test_libraries_that_need_each_other_with_growing_search_paths(tmp_path):
    """DT_RPATH is inherited; a circle must not grow it for ever."""
    files = {
        f"{LIB}lib{i}.so": elf(needed=(b"lib%d.so" % ((i + 1) % 50),), rpath=b"/r/%d" % i) for i in range(50)
    }
    assert b"usr/lib/lib49.so" in observed(make_tree(tmp_path, files), "/usr/lib/lib0.so")


def test_loader_configuration_that_includes_itself(tmp_path):
    """Each of twenty files includes all of them."""
    files = {f"etc/ld.so.conf.d/{i}.conf": f"include *.conf\n/opt/{i}\n" for i in range(20)}
    tree = make_tree(
        tmp_path, {**files, "etc/ld.so.conf": "include ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf\n"}
    )
    assert observed(tree, "/etc/ld.so.conf").warnings == []


def test_scripts_that_call_each_other(tmp_path):
    """A chain of a thousand, and a circle at its end."""
    files = {f"usr/bin/s{i}": Exe(b"#!/usr/bin/s0\ns%d\n" % ((i + 1) % 1000)) for i in range(1, 1000)}
    files["usr/bin/s0"] = Exe(b"#!/bin/sh\ns1\n")
    assert b"usr/bin/s0" in balanced(make_tree(tmp_path, files), executed=("/usr/bin/s0",))


def test_interpreters_that_interpret_themselves(tmp_path):
    """The kernel gives up; so does the plan."""
    tree = make_tree(tmp_path, {"usr/bin/a": Exe(b"#!/usr/bin/b\n"), "usr/bin/b": Exe(b"#!/usr/bin/env a\n")})
    assert {b"usr/bin/a", b"usr/bin/b"} <= set(observed(tree, executed=("/usr/bin/a",)))


def test_links_in_circles(tmp_path):
    """Everywhere that a path is looked up."""
    loops = ("etc/passwd", "etc/ld.so.cache", "etc/ld.so.conf", "usr/lib/locale", "etc/ssl", "bin", "app")
    tree = make_tree(tmp_path, {path: Link("/" + path) for path in loops})
    plan = balanced(
        tree, "/app/x", config=make_config(working_dir="/app", volumes=("/app",), user="web", cmd=("/app/x",))
    )
    assert b"etc" in plan


def test_a_minified_line_full_of_calls():
    """The arguments of each call are looked for nearby only."""
    assert set(started_in_code(b"run('x');" * 20_000)) == {b"x"}


def test_a_script_of_nothing_but_nesting():
    """The parser's tree is walked without recursion."""
    assert parse_script(b"$(" * 5_000 + b"id" + b")" * 5_000) is not None
    assert parse_script(b'"${a:-' * 5_000) is not None
    assert parse_script(b"sh -c 'sh -c \"sh -c id\"'").programs() == [b"id", b"sh"]


def test_devices_and_sockets_are_never_opened(tmp_path):
    """Whatever their names promise."""
    tree = make_tree(tmp_path, {"etc": Folder(), "usr/bin": Folder()})
    assert b"etc" in observed(tree, "/etc/passwd", executed=("/usr/bin/none",))
