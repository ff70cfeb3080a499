"""The rules of the policy `observed`, one behaviour each."""

from __future__ import annotations

from keep_elves import elf
from keep_images import Exe, Folder, Link, make_config, make_tree, observed

LOADER = b"/lib64/ld-linux-x86-64.so.2"


def program(**kwargs):
    return Exe(elf(interpreter=LOADER, kind=2, **kwargs))


SYSTEM = {
    "lib64": Link("usr/lib64"),
    "lib": Link("usr/lib"),
    "usr/lib64/ld-linux-x86-64.so.2": Exe(elf()),
    "usr/lib/x86_64-linux-gnu/libc.so.6": Exe(elf(soname=b"libc.so.6")),
    "usr/lib/x86_64-linux-gnu/libm.so.6": Link("libm-2.so"),
    "usr/lib/x86_64-linux-gnu/libm-2.so": elf(soname=b"libm.so.6", needed=(b"libc.so.6",)),
    "usr/bin/tool": program(needed=(b"libm.so.6",)),
}


def test_needed_libraries_stay_with_their_links(tmp_path):
    """The whole closure, the interpreter, and the links by which the loader finds them."""
    plan = observed(make_tree(tmp_path, SYSTEM), executed=("/usr/bin/tool",))
    expected = {b"lib64", b"usr/lib64/ld-linux-x86-64.so.2", b"lib", b"usr/lib/x86_64-linux-gnu/libc.so.6"}
    assert expected | {b"usr/lib/x86_64-linux-gnu/libm.so.6", b"usr/lib/x86_64-linux-gnu/libm-2.so"} <= set(
        plan
    )


def test_a_library_of_another_machine_is_passed_over(tmp_path):
    """The loader skips what it cannot load, and so does the plan."""
    tree = make_tree(
        tmp_path,
        {
            **SYSTEM,
            "opt/lib/libm.so.6": elf(machine=183),
            "usr/bin/tool": program(needed=(b"libm.so.6",), runpath=b"/opt/lib"),
        },
    )
    plan = observed(tree, executed=("/usr/bin/tool",))
    assert b"opt/lib/libm.so.6" not in plan
    assert b"usr/lib/x86_64-linux-gnu/libm-2.so" in plan


def test_runpath_with_origin_wins_over_the_system(tmp_path):
    """`$ORIGIN` is the folder of the object itself."""
    tree = make_tree(
        tmp_path,
        {
            **SYSTEM,
            "opt/app/lib/libm.so.6": elf(),
            "opt/app/bin/tool": program(needed=(b"libm.so.6",), runpath=b"$ORIGIN/../lib"),
        },
    )
    plan = observed(tree, executed=("/opt/app/bin/tool",))
    assert b"opt/app/lib/libm.so.6" in plan
    assert b"usr/lib/x86_64-linux-gnu/libm-2.so" not in plan


def test_rpath_is_inherited_and_runpath_is_not(tmp_path):
    """DT_RPATH of a program serves the libraries of its libraries; DT_RUNPATH only its own (ld.so(8))."""
    for tag, found in (("rpath", True), ("runpath", False)):
        tree = make_tree(
            tmp_path / tag,
            {
                **SYSTEM,
                "opt/lib/liba.so": elf(needed=(b"libb.so",)),
                "opt/lib/libb.so": elf(),
                "usr/bin/tool": program(needed=(b"liba.so",), **{tag: b"/opt/lib"}),
            },
        )
        plan = observed(tree, executed=("/usr/bin/tool",))
        assert (b"opt/lib/libb.so" in plan) is found
        assert any("libb.so" in warning for warning in plan.warnings) is not found


def test_all_variants_by_processor_stay(tmp_path):
    """The host that runs the image chooses among them."""
    folder = "usr/lib/x86_64-linux-gnu/"
    tree = make_tree(tmp_path, {**SYSTEM, folder + "glibc-hwcaps/x86-64-v3/libm.so.6": elf()})
    plan = observed(tree, executed=("/usr/bin/tool",))
    assert {
        b"usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libm.so.6",
        b"usr/lib/x86_64-linux-gnu/libm.so.6",
    } <= set(plan)


def test_folders_of_ld_so_conf_and_library_path_are_searched(tmp_path):
    """Configuration of the loader, with its include, and LD_LIBRARY_PATH of the image."""
    tree = make_tree(
        tmp_path,
        {
            **SYSTEM,
            "etc/ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n",
            "etc/ld.so.conf.d/x.conf": "# comment\n/opt/x\n",
            "opt/x/libx.so": elf(),
            "opt/y/liby.so": elf(),
            "usr/bin/tool": program(needed=(b"libx.so", b"liby.so")),
        },
    )
    plan = observed(tree, executed=("/usr/bin/tool",), config=make_config(env=("LD_LIBRARY_PATH=/opt/y",)))
    assert {b"opt/x/libx.so", b"opt/y/liby.so", b"etc/ld.so.conf"} <= set(plan)


def test_musl_has_its_own_search_path(tmp_path):
    """`/etc/ld-musl-ARCH.path` replaces the default; the loader is libc itself."""
    tree = make_tree(
        tmp_path,
        {
            "lib/ld-musl-x86_64.so.1": Exe(elf()),
            "etc/ld-musl-x86_64.path": "/opt/m\n/usr/lib\n",
            "opt/m/libz.so.1": elf(needed=(b"libc.musl-x86_64.so.1",)),
            "bin/tool": Exe(
                elf(interpreter=b"/lib/ld-musl-x86_64.so.1", needed=(b"libz.so.1", b"libc.so"), kind=2)
            ),
        },
    )
    plan = observed(tree, executed=("/bin/tool",))
    assert {b"opt/m/libz.so.1", b"lib/ld-musl-x86_64.so.1"} <= set(plan)
    assert plan.warnings == []


def test_a_broken_elf_file_is_a_warning(tmp_path):
    """It stays, as it was asked for; the user hears that its closure is unknown."""
    plan = observed(
        make_tree(tmp_path, {"usr/bin/bad": Exe(elf(needed=(b"x",))[:100])}), executed=("/usr/bin/bad",)
    )
    assert b"usr/bin/bad" in plan
    assert any("usr/bin/bad" in warning for warning in plan.warnings)


def test_env_finds_the_interpreter_on_path(tmp_path):
    """PATH of the image decides, options of env are skipped, and an interpreter that is a script is
    followed."""
    tree = make_tree(
        tmp_path,
        {
            "usr/bin/env": Exe(b"E"),
            "opt/bin/run": Exe(b"#!/opt/bin/real\n"),
            "opt/bin/real": Exe(b"R"),
            "usr/bin/run": Exe(b"other"),
            "app/main": Exe(b"#!/usr/bin/env -S A=1 run --fast\n"),
        },
    )
    plan = observed(tree, executed=("/app/main",), config=make_config(env=("PATH=/opt/bin:/usr/bin",)))
    assert {b"usr/bin/env", b"opt/bin/run", b"opt/bin/real"} <= set(plan)
    assert b"usr/bin/run" not in plan


def test_configured_programs_stay_unobserved(tmp_path):
    """Entry point, command and health check, with files that they name."""
    tree = make_tree(
        tmp_path,
        {
            "usr/bin/app": Exe(b"A"),
            "usr/bin/curl": Exe(b"C"),
            "bin/sh": Exe(b"S"),
            "srv/conf.ini": "x",
            "usr/bin/unused": Exe(b"U"),
        },
    )
    config = make_config(
        entrypoint=("app",),
        cmd=("conf.ini",),
        working_dir="/srv",
        health=("CMD-SHELL", "curl -f localhost || exit 1"),
    )
    plan = observed(tree, config=config)
    assert {b"usr/bin/app", b"usr/bin/curl", b"bin/sh", b"srv/conf.ini"} <= set(plan)
    assert b"usr/bin/unused" not in plan


def test_empty_folders_that_matter_stay(tmp_path):
    """Volumes, the working directory, the user's home, and those that every program expects."""
    tree = make_tree(
        tmp_path,
        {
            "var/lib/db": Folder(0o700, 70),
            "work": Folder(),
            "home/web": Folder(0o750, 10),
            "etc/passwd": "web:x:10:10::/home/web:/bin/sh\n",
            "tmp": Folder(0o1777),
            "var/run": Link("/run"),
            "run/lock": Folder(),
            "opt/other/empty": Folder(),
        },
    )
    config = make_config(volumes=("/var/lib/db",), working_dir="/work", user="web")
    plan = observed(tree, config=config)
    assert {b"var/lib/db", b"work", b"home/web", b"tmp", b"var/run", b"run", b"run/lock"} <= set(plan)
    assert b"opt/other/empty" not in plan


def test_writes_keep_the_folder_and_the_file_of_the_image(tmp_path):
    """A file that the run replaced stays as the image had it; a folder that it wrote into stays though it is
    empty."""
    tree = make_tree(tmp_path, {"data/in": Folder(0o770, 5), "data/state": "old", "log/x/y": Folder()})
    plan = observed(tree, written=("/data/in/new", "/data/state"), missing=("/log/x/y/none/deeper",))
    assert {b"data/in", b"data/state", b"log/x/y"} <= set(plan)


def test_a_link_that_was_only_read_keeps_no_target(tmp_path):
    """readlink(2) does not follow it."""
    tree = make_tree(tmp_path, {"a/link": Link("file"), "a/file": "x"})
    assert set(observed(tree, linked=("/a/link",))) >= {b"a/link"}
    assert b"a/file" not in observed(tree, linked=("/a/link",))


def test_name_services_follow_nsswitch(tmp_path):
    """Only modules that nsswitch.conf names, beside the C library that stays."""
    folder = "usr/lib/x86_64-linux-gnu/"
    tree = make_tree(
        tmp_path,
        {
            **SYSTEM,
            "etc/nsswitch.conf": "passwd: files systemd [NOTFOUND=return]\nhosts: files dns # mdns4\n",
            "etc/group": "",
            folder + "libnss_systemd.so.2": elf(),
            folder + "libnss_mdns4.so.2": elf(),
        },
    )
    plan = observed(tree, executed=("/usr/bin/tool",))
    assert {b"etc/nsswitch.conf", b"etc/group", b"usr/lib/x86_64-linux-gnu/libnss_systemd.so.2"} <= set(plan)
    assert b"usr/lib/x86_64-linux-gnu/libnss_mdns4.so.2" not in plan
