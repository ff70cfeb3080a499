"""The rules of `balanced` about servers, plug-ins, world data, the shell and commands."""

from __future__ import annotations

import pytest
from keep_elves import elf
from keep_images import Exe, Folder, Link, balanced, make_config, make_evidence, make_tree

from jettison.keep.plan import decide
from jettison.keep.policy import Policy
from jettison.keep.rules.commands import started_in_code
from jettison.limits import MIB

LOADER = b"/lib64/ld.so"
LIB = "usr/lib/x86_64-linux-gnu/"
BASE = {
    "lib64/ld.so": Exe(elf()),
    LIB + "libc.so.6": elf(soname=b"libc.so.6", data=b"\0libgcc_s.so.1\0libidn2.so.0\0"),
    LIB + "libgcc_s.so.1": elf(),
    LIB + "libidn2.so.0": elf(),
    "bin/sh": Exe(elf(interpreter=LOADER, needed=(b"libc.so.6",), kind=2)),
    "bin/cat": Exe(b"C"),
    "bin/date": Exe(b"D"),
    "usr/bin/perl": Exe(b"P"),
}


def program(data=b"", **kwargs):
    return Exe(elf(interpreter=LOADER, needed=(b"libc.so.6",), kind=2, data=data, **kwargs))


def status(package, source=""):
    lines = [f"Package: {package}", "Status: install ok installed", "Architecture: amd64", "Version: 1"]
    return "\n".join(lines + ([f"Source: {source}"] if source else [])) + "\n\n"


def listing(*paths):
    return "".join(f"/{path}\n" for path in paths)


def test_the_c_library_brings_what_it_loads_when_a_thread_ends(tmp_path):
    """libgcc_s for pthread_cancel; not the tables for a flag that hardly anybody sets."""
    plan = balanced(make_tree(tmp_path, {**BASE, "usr/bin/app": program()}), executed=("/usr/bin/app",))
    assert b"usr/lib/x86_64-linux-gnu/libgcc_s.so.1" in plan
    assert b"usr/lib/x86_64-linux-gnu/libidn2.so.0" not in plan


def test_libraries_and_folders_named_in_a_program_stay(tmp_path):
    """If it can load libraries at all."""
    names = b"\0libextra.so.1\0/usr/lib/app/modules\0/usr/share/app/data.bin\0"
    extra = {
        LIB + "libextra.so.1": elf(needed=(b"libdeep.so",)),
        LIB + "libdeep.so": elf(),
        "usr/lib/app/modules/m.so": elf(),
        "usr/lib/app/modules/README": "x",
        "usr/share/app/data.bin": "x",
    }
    for imports, kept in (((b"dlopen",), True), ((b"open",), False)):
        tree = make_tree(
            tmp_path / str(kept), {**BASE, **extra, "usr/bin/app": program(names, imports=imports)}
        )
        plan = balanced(tree, executed=("/usr/bin/app",))
        for path in (
            LIB + "libextra.so.1",
            LIB + "libdeep.so",
            "usr/lib/app/modules/m.so",
            "usr/share/app/data.bin",
        ):
            assert (path.encode() in plan) is kept
        assert b"usr/lib/app/modules/README" not in plan


def test_a_dear_library_that_only_the_system_names_is_left_out_and_explained(tmp_path):
    """What the application names itself stays at any price."""
    dear = {LIB + "libdear.so.1": elf(data=bytes(5 * MIB)), LIB + "libnear.so.1": elf(data=bytes(MIB))}
    library = elf(imports=(b"dlopen",), data=b"\0libdear.so.1\0libnear.so.1\0")
    system = {**BASE, **dear, LIB + "libsys.so": library, "usr/bin/app": program()}
    system["usr/bin/app"] = Exe(elf(interpreter=LOADER, needed=(b"libsys.so",), kind=2))
    plan = balanced(make_tree(tmp_path / "system", system), executed=("/usr/bin/app",))
    assert (LIB + "libnear.so.1").encode() in plan
    assert (LIB + "libdear.so.1").encode() not in plan
    assert "--include" in plan.dropped((LIB + "libdear.so.1").encode())
    own = {**BASE, **dear, "usr/bin/app": program(b"\0libdear.so.1\0", imports=(b"dlopen",))}
    assert (LIB + "libdear.so.1").encode() in balanced(
        make_tree(tmp_path / "own", own), executed=("/usr/bin/app",)
    )


def test_converters_stay_where_the_application_converts(tmp_path):
    """gconv is large, and only a program of the application that imports iconv_open has use for it."""
    files = {LIB + "gconv/SJIS.so": elf(), LIB + "gconv/gconv-modules.cache": "x"}
    for imports, kept in (((b"iconv_open",), True), ((), False)):
        tree = make_tree(tmp_path / str(kept), {**BASE, **files, "usr/bin/app": program(imports=imports)})
        plan = balanced(tree, executed=("/usr/bin/app",))
        assert ((LIB + "gconv/SJIS.so").encode() in plan) is kept


@pytest.mark.parametrize(
    ("extension", "kept"),
    [
        ("usr/lib/interpreter/extensions/iconv.so", True),
        ("usr/lib/interpreter/extensions/agent.so", False),
        (f"{LIB}iconv.so", False),
    ],
)
def test_converters_stay_for_extensions_of_an_interpreter(tmp_path, extension, kept):
    """An extension that converts does so for the application; a library of the system is not asked to."""
    files = {
        LIB + "gconv/SJIS.so": elf(),
        "usr/bin/app": program(),
        extension: elf(soname=b"iconv.so", imports=(b"iconv_open",)),
    }
    plan = balanced(make_tree(tmp_path, {**BASE, **files}), f"/{extension}", executed=("/usr/bin/app",))
    assert extension.encode() in plan
    assert ((LIB + "gconv/SJIS.so").encode() in plan) is kept


def test_programs_stay_that_the_build_asked_for_by_name(tmp_path):
    """Not those of packages that came along, of a compiler, or of the base image."""
    packages = {
        "socat": "usr/bin/socat",
        "libx": "usr/bin/x-config",
        "gcc": "usr/bin/gcc",
        "curl": "usr/bin/curl",
    }
    files = {
        "var/lib/dpkg/status": "".join(map(status, packages)),
        **{f"var/lib/dpkg/info/{each}.list": listing(path) for each, path in packages.items()},
        **dict.fromkeys(packages.values(), program()),
        "usr/bin/app": program(),
    }
    config = make_config(
        layers=3,
        created_by=(
            "RUN apt-get install -y curl",
            'CMD ["bash"]',
            "RUN /bin/sh -c apt-get update && apt-get -q install -y socat=1 gcc && rm -rf /x # buildkit",
            "COPY app /usr/bin/app",
        ),
    )
    plan = balanced(make_tree(tmp_path, {**BASE, **files}), executed=("/usr/bin/app",), config=config)
    assert set(map(str.encode, packages.values())) & set(plan) == {b"usr/bin/socat"}


def test_world_data_stays_with_its_readers(tmp_path):
    """Time zones and certificates always; terminals, fonts and PAM where a library reads them."""
    files = {
        "usr/share/zoneinfo/Europe/Paris": "x",
        "usr/share/zoneinfo/right/Europe/Paris": "x",
        "etc/ssl/certs/ca.pem": Link("/usr/share/ca-certificates/a.crt"),
        "usr/share/ca-certificates/a.crt": "x",
        "usr/share/fonts/a.ttf": "x",
        "etc/pam.d/login": "x",
        "lib/terminfo/x/xterm": "x",
        "lib/terminfo/w/wyse60": "x",
        LIB + "libtinfo.so.6": elf(),
        LIB + "libpam.so.0": elf(),
        "usr/bin/app": Exe(elf(interpreter=LOADER, needed=(b"libtinfo.so.6",), kind=2)),
    }
    plan = balanced(make_tree(tmp_path, {**BASE, **files}), executed=("/usr/bin/app",))
    assert {
        b"usr/share/zoneinfo/Europe/Paris",
        b"usr/share/ca-certificates/a.crt",
        b"lib/terminfo/x/xterm",
    } <= set(plan)
    left = {
        b"usr/share/zoneinfo/right/Europe/Paris",
        b"usr/share/fonts/a.ttf",
        b"etc/pam.d/login",
        b"lib/terminfo/w/wyse60",
    }
    assert not left & set(plan)


def test_a_server_stays_with_its_source_package(tmp_path):
    """Client, checker and data; not its documentation, and not a module whose libraries cost much."""
    source = status("webd", "web") + status("webd-tools", "web") + status("other")
    files = {
        "var/lib/dpkg/status": source,
        "var/lib/dpkg/info/webd.list": listing(
            "usr/sbin/webd", "usr/share/webd/pages.db", "usr/share/doc/webd/a.html"
        ),
        "var/lib/dpkg/info/webd-tools.list": listing(
            "usr/bin/webctl", "usr/lib/webd/mod_dear.so", "usr/lib/webd/mod_jit.so"
        ),
        "var/lib/dpkg/info/other.list": listing("usr/bin/other"),
        "usr/sbin/webd": program(b"\0mod_jit\0"),
        "usr/bin/webctl": program(),
        "usr/share/webd/pages.db": "x",
        "usr/share/doc/webd/a.html": "x",
        "usr/lib/webd/mod_dear.so": elf(needed=(b"libdear.so",)),
        "usr/lib/webd/mod_jit.so": elf(needed=(b"libdear2.so",)),
        LIB + "libdear.so": elf(data=bytes(5 * MIB)),
        LIB + "libdear2.so": elf(data=bytes(6 * MIB)),
        "usr/bin/other": program(),
    }
    plan = balanced(make_tree(tmp_path, {**BASE, **files}), executed=("/usr/sbin/webd",))
    assert {b"usr/bin/webctl", b"usr/share/webd/pages.db", b"usr/lib/webd/mod_jit.so"} <= set(plan)
    left = {
        b"usr/share/doc/webd/a.html",
        b"usr/bin/other",
        b"usr/lib/webd/mod_dear.so",
        (LIB + "libdear.so").encode(),
    }
    assert not left & set(plan)


def test_a_server_that_was_built_in_the_image_keeps_what_lies_beside_it(tmp_path):
    """Programs of the same folder and layer, and folders of that layer that are named in it."""
    layer = {
        "usr/local/bin/db": program(b"\0/usr/local/share/db\0"),
        "usr/local/bin/dbctl": program(),
        "usr/local/share/db/words.txt": "x",
    }
    tree = make_tree(tmp_path, {**BASE, "usr/local/bin/older": program()}, layer)
    plan = balanced(tree, executed=("/usr/local/bin/db",))
    assert {b"usr/local/bin/dbctl", b"usr/local/share/db/words.txt"} <= set(plan)
    assert b"usr/local/bin/older" not in plan


def test_interpreters_only_of_scripts_that_somebody_runs(tmp_path):
    """An example in a package that stays whole brings no Perl."""
    files = {
        "var/lib/dpkg/status": status("webd"),
        "var/lib/dpkg/info/webd.list": listing("usr/sbin/webd", "usr/share/webd/example", "usr/bin/webstat"),
        "usr/sbin/webd": program(),
        "usr/share/webd/example": Exe(b"#!/usr/bin/perl\n"),
    }
    assert b"usr/bin/perl" not in balanced(
        make_tree(tmp_path / "a", {**BASE, **files}), executed=("/usr/sbin/webd",)
    )
    files["usr/bin/webstat"] = Exe(b"#!/usr/bin/perl\n")
    assert b"usr/bin/perl" in balanced(
        make_tree(tmp_path / "b", {**BASE, **files}), executed=("/usr/sbin/webd",)
    )


def test_scripts_are_followed_command_by_command(tmp_path):
    """From the entry point to a script that it calls in one branch, and what that one sources."""
    files = {
        "entry.sh": Exe(b'#!/bin/sh\nif [ -n "$INIT" ]; then setup --now; fi\nexec "$@"\n'),
        "usr/local/bin/setup": Exe(b"#!/bin/sh\n. /usr/lib/functions\nhelper x\n"),
        "usr/lib/functions": "tool y\n",
        "usr/bin/helper": Exe(b"H"),
        "usr/bin/stranger": Exe(b"S"),
    }
    plan = balanced(make_tree(tmp_path, {**BASE, **files}), executed=("/entry.sh",))
    assert {b"usr/local/bin/setup", b"usr/lib/functions", b"usr/bin/helper", b"bin/sh"} <= set(plan)
    assert b"usr/bin/stranger" not in plan


@pytest.mark.parametrize(
    ("shell", "policy", "cat", "awk"),
    [
        (None, Policy.BALANCED, True, False),
        (False, Policy.BALANCED, False, False),
        (True, Policy.BALANCED, True, True),
        (None, Policy.PACKAGES, True, True),
        (None, Policy.OBSERVED, False, False),
        (True, Policy.OBSERVED, True, True),
    ],
)
def test_the_shell_box_depends_on_policy_and_option(tmp_path, shell, policy, cat, awk):
    """Small by default, full on request, none with --no-shell."""
    tree = make_tree(tmp_path, {**BASE, "usr/bin/awk": Exe(b"A")})
    plan = decide(tree, make_evidence(), make_config(), policy=policy, shell=shell)
    assert (b"bin/cat" in plan, b"usr/bin/awk" in plan) == (cat, awk)


@pytest.mark.parametrize(
    ("code", "programs"),
    [
        (b"exec('convert a.png b.jpg', cb)", {b"convert"}),
        (b"spawn('git', ['log', 'file'])", {b"git"}),
        (b"subprocess.run(['sh', '-c', 'date -u | sort'])", {b"sh", b"date", b"sort"}),
        (b"subprocess.run(\n    ['ffmpeg', '-i'])", {b"ffmpeg"}),
        (b"$x = `uname -a`;", {b"uname"}),
        (b"puts %x(gzip -l f)", {b"gzip"}),
        (b"system 'ls -l'", {b"ls"}),
        (b'new ProcessBuilder("sh", "-c", "echo $(id)")', {b"sh", b"id"}),
        (b"request.files['file']; app.run()", set()),
        (b"print('time')", set()),
    ],
)
def test_commands_in_code(code, programs):
    """Constants behind a call that starts programs, and nothing else."""
    assert set(started_in_code(code)) == programs


def test_code_of_the_application_brings_the_programs_that_it_starts(tmp_path):
    """As PATH resolves them."""
    base = {**BASE, "usr/bin/ffmpeg": Exe(b"F"), "app": Folder()}
    tree = make_tree(
        tmp_path, base, {"app/main.py": "import subprocess\nsubprocess.run(['ffmpeg', '-version'])\n"}
    )
    config = make_config(
        layers=2, created_by=("ADD x /", "CMD sh", "COPY . /app", "CMD x"), working_dir="/app"
    )
    assert b"usr/bin/ffmpeg" in balanced(tree, config=config)


def test_other_names_of_a_program_stay(tmp_path):
    """Links on PATH, through the alternatives, to what stays anyway; none to what does not."""
    files = {
        "usr/bin/app-1.2": program(),
        "usr/bin/app": Link("/etc/alternatives/app"),
        "etc/alternatives/app": Link("/usr/bin/app-1.2"),
        "usr/bin/editor": Link("/usr/bin/vim"),
        "usr/bin/vim": program(),
    }
    plan = balanced(make_tree(tmp_path, {**BASE, **files}), executed=("/usr/bin/app-1.2",))
    assert {b"usr/bin/app", b"etc/alternatives/app"} <= set(plan)
    assert b"usr/bin/editor" not in plan


def test_php_keeps_its_extensions_and_settings(tmp_path):
    """The folders that are compiled into it."""
    files = {
        "usr/sbin/php-fpm8.2": program(b"\0/etc/php/8.2/fpm/conf.d\0/usr/lib/php/20220829\0"),
        "etc/php/8.2/fpm/conf.d/20-intl.ini": Link("/etc/php/8.2/mods-available/intl.ini"),
        "etc/php/8.2/mods-available/intl.ini": "extension=intl",
        "usr/lib/php/20220829/intl.so": elf(needed=(b"libicu.so",)),
        LIB + "libicu.so": elf(),
    }
    plan = balanced(make_tree(tmp_path, {**BASE, **files}), executed=("/usr/sbin/php-fpm8.2",))
    assert {
        b"etc/php/8.2/mods-available/intl.ini",
        b"usr/lib/php/20220829/intl.so",
        (LIB + "libicu.so").encode(),
    } <= set(plan)


def test_a_framework_of_dotnet_stays_whole(tmp_path):
    """Of the version that runs; ICU and OpenSSL, which it looks for under computed names, too."""
    root = "usr/share/dotnet/"
    files = {
        root + "shared/Microsoft.NETCore.App/8.0.1/System.Private.CoreLib.dll": "x",
        root + "shared/Microsoft.NETCore.App/8.0.1/System.Text.Json.dll": "x",
        root + "shared/Microsoft.NETCore.App/8.0.1/libSystem.Globalization.Native.so": elf(),
        root + "shared/Microsoft.NETCore.App/8.0.1/System.Text.Json.xml": "x",
        root + "shared/Microsoft.NETCore.App/6.0.9/System.Text.Json.dll": "x",
        root + "host/fxr/8.0.1/libhostfxr.so": elf(),
        LIB + "libicuuc.so.72": elf(),
        LIB + "libssl.so.3": elf(),
    }
    opened = f"/{root}shared/Microsoft.NETCore.App/8.0.1/System.Private.CoreLib.dll"
    plan = balanced(make_tree(tmp_path, files), opened)
    kept = (
        root + "shared/Microsoft.NETCore.App/8.0.1/System.Text.Json.dll",
        root + "host/fxr/8.0.1/libhostfxr.so",
    )
    assert {path.encode() for path in (*kept, LIB + "libicuuc.so.72", LIB + "libssl.so.3")} <= set(plan)
    assert not any(b"6.0.9" in path or path.endswith(b".xml") for path in plan)
    invariant = make_config(env=("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1",))
    assert (LIB + "libicuuc.so.72").encode() not in balanced(
        make_tree(tmp_path / "i", files), opened, config=invariant
    )


def test_applications_of_erlang_stay_whole_with_those_they_list(tmp_path):
    """Modules are loaded by name when they are first called."""
    root = "usr/lib/erlang/lib/"
    files = {
        root + "ssl-10.9/ebin/ssl.app": "{application, ssl, [{applications, [crypto, kernel]}]}.",
        root + "ssl-10.9/ebin/ssl.beam": "x",
        root + "ssl-10.9/ebin/tls_server.beam": "x",
        root + "ssl-10.9/src/ssl.erl": "x",
        root + "crypto-5.1/ebin/crypto.app": "{application, crypto, [{applications, [kernel]}]}.",
        root + "crypto-5.1/priv/lib/crypto.so": elf(),
        root + "wx-2.2/ebin/wx.app": "{application, wx, []}.",
    }
    plan = balanced(make_tree(tmp_path, files), f"/{root}ssl-10.9/ebin/ssl.beam")
    assert {
        (root + path).encode() for path in ("ssl-10.9/ebin/tls_server.beam", "crypto-5.1/priv/lib/crypto.so")
    } <= set(plan)
    assert not any(b"/wx-" in path or path.endswith(b".erl") for path in plan)
