"""The rules for Node.js, the JVM, Perl and Ruby: what the application can reach stays, the rest goes."""

from __future__ import annotations

import io
import zipfile

import pytest
from keep_elves import elf
from keep_images import Exe, Link, balanced, make_config, make_tree

from jettison.keep.languages.node import dependencies, imports_of, package_of
from jettison.keep.rules.perl import loads

PERL = Exe(elf(interpreter=b"/lib/ld.so", kind=2) + b"\0/usr/share/perl5\0/etc/perl\0")


def jar(manifest: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)
    return file.getvalue()


NODE = {
    "app/server.js": "const e = require('express');\napp.get('/pdf', () => require('pdf/lib/write'));",
    "app/node_modules/express/package.json": '{"name": "express", "dependencies": {"qs": "1"}}',
    "app/node_modules/express/index.js": "",
    "app/node_modules/express/lib/deep.js": "",
    "app/node_modules/express/test/all.js": "",
    "app/node_modules/express/index.js.map": "",
    "app/node_modules/qs/package.json": "{}",
    "app/node_modules/qs/qs.js": "",
    "app/node_modules/pdf/package.json": "{}",
    "app/node_modules/pdf/lib/write.js": "",
    "app/node_modules/pdf/data/font.afm": "",
    "app/node_modules/jest/package.json": "{}",
    "app/node_modules/jest/index.js": "",
}


def test_packages_stay_whole_with_what_they_depend_on(tmp_path):
    """A lazily required package, its data and its dependencies stay; what nothing requires goes."""
    plan = balanced(make_tree(tmp_path, NODE), config=make_config(working_dir="/app"))
    kept = {
        b"app/node_modules/" + each for each in (b"express/lib/deep.js", b"qs/qs.js", b"pdf/data/font.afm")
    }
    assert kept <= set(plan)
    assert not any(b"/jest/" in path or b"/test/" in path or path.endswith(b".map") for path in plan)


def test_a_package_behind_a_link_is_found(tmp_path):
    """Stores of packages, as pnpm makes them, are folders of links."""
    tree = make_tree(
        tmp_path,
        {
            "app/main.mjs": "import x from '@team/x';",
            "app/node_modules/@team/x": Link("../../../store/x"),
            "store/x/package.json": "{}",
            "store/x/index.js": "",
        },
    )
    assert b"store/x/package.json" in balanced(tree, config=make_config(working_dir="/app"))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (b"const a = require('a'), b = require(\"./b\")", {b"a", b"./b"}),
        (b"import x, {y} from 'c'; export * from './d.js'; import 'e'", {b"c", b"./d.js", b"e"}),
        (b"await import(`./locale/${name}.js`)", {b"./locale/"}),
        (b"// require('no')\n/* import 'no' */ require(name)", set()),
    ],
)
def test_imports_are_found_wherever_they_stand(source, names):
    """Constant and partly constant names, none from comments."""
    assert imports_of(source) == names


def test_the_package_of_a_file_is_the_innermost():
    """Scoped and nested packages are packages of their own."""
    assert package_of(b"a/node_modules/b/node_modules/@c/d/e.js") == b"a/node_modules/b/node_modules/@c/d"
    assert package_of(b"app/server.js") is None


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"dependencies": 3}', b"[" * 10_000, b"\xff"])
def test_a_manifest_that_cannot_be_read_needs_nothing(manifest):
    """A package.json is input like any other."""
    assert dependencies(manifest) == set()


HOME = "usr/lib/jvm/java-17"


def test_a_java_runtime_stays_with_what_its_links_lead_to(tmp_path):
    """Native libraries, settings outside of it and programs stay; what only the compiler reads goes."""
    tree = make_tree(
        tmp_path,
        {
            f"{HOME}/bin/java": Exe(),
            f"{HOME}/bin/keytool": Exe(),
            f"{HOME}/lib/server/libjvm.so": elf(soname=b"libjvm.so"),
            f"{HOME}/lib/libmanagement.so": elf(soname=b"libmanagement.so"),
            f"{HOME}/conf/security": Link("/etc/java-17/security"),
            "etc/java-17/security/java.security": "providers",
            f"{HOME}/jmods/java.base.jmod": "JM",
            f"{HOME}/lib/ct.sym": "",
            f"{HOME}/lib/src.zip": "",
        },
    )
    plan = balanced(tree, f"/{HOME}/lib/server/libjvm.so")
    kept = {f"{HOME}/lib/libmanagement.so", f"{HOME}/bin/keytool", "etc/java-17/security/java.security"}
    assert {each.encode() for each in kept} <= set(plan)
    assert not any(path.endswith((b".jmod", b"ct.sym", b"src.zip")) for path in plan)


def test_jars_bring_the_jars_of_their_class_path(tmp_path):
    """Names relative to the jar, folded over lines as manifests are."""
    tree = make_tree(
        tmp_path,
        {"opt/a.jar": jar("Class-Path: lib/b.j\r\n ar\r\n"), "opt/lib/b.jar": jar(), "opt/lib/c.jar": jar()},
    )
    plan = balanced(tree, "/opt/a.jar")
    assert b"opt/lib/b.jar" in plan
    assert b"opt/lib/c.jar" not in plan


def test_a_broken_jar_names_nothing(tmp_path):
    """Neither a crash nor a lost file."""
    assert b"opt/a.jar" in balanced(make_tree(tmp_path, {"opt/a.jar": b"PK\x03\x04broken"}), "/opt/a.jar")


def test_perl_modules_stay_that_the_application_can_load(tmp_path):
    """Transitively, from branches too, with compiled parts; unrelated modules go."""
    tree = make_tree(
        tmp_path,
        {
            "usr/bin/perl": PERL,
            "app/run": Exe(b"#!/usr/bin/perl\nuse A::B;\nif ($x) { require Lazy; }\n"),
            "usr/share/perl5/A/B.pm": "use parent -norequire, 'Base::Class'; 1;\n=pod\n\nuse Not;\n",
            "usr/share/perl5/Base/Class.pm": "1;",
            "usr/share/perl5/Lazy.pm": "1;",
            "usr/share/perl5/Not.pm": "1;",
            "usr/share/perl5/auto/A/B/B.so": elf(soname=b"B.so"),
            "usr/share/perl5/unicore/lib/Nt/De.pl": "",
        },
    )
    plan = balanced(tree, executed=("/app/run", "/usr/bin/perl"), config=make_config(working_dir="/app"))
    names = ("A/B.pm", "Base/Class.pm", "Lazy.pm", "auto/A/B/B.so", "unicore/lib/Nt/De.pl")
    assert {f"usr/share/perl5/{each}".encode() for each in names} <= set(plan)
    assert b"usr/share/perl5/Not.pm" not in plan


def test_a_perl_module_that_another_rule_kept_is_read_too(tmp_path):
    """What a run opened is kept before anything is known of who loads it."""
    tree = make_tree(
        tmp_path,
        {
            "usr/bin/perl": PERL,
            "app/run": Exe(b"#!/usr/bin/perl\nuse Seen;\n"),
            "usr/share/perl5/Seen.pm": "if ($rarely) { require Unseen; }\n1;\n",
            "usr/share/perl5/Unseen.pm": "1;",
        },
    )
    plan = balanced(
        tree,
        "/usr/share/perl5/Seen.pm",
        executed=("/app/run", "/usr/bin/perl"),
        config=make_config(working_dir="/app"),
    )
    assert b"usr/share/perl5/Unseen.pm" in plan


def test_what_perl_loads_is_not_read_from_documentation():
    """POD and text after __END__ name modules too."""
    assert loads(b"use A;\n=head1 X\n\nuse B;\n\n=cut\nrequire 'c.pl';\n__END__\nuse D;\n") == {b"A", b"c.pl"}
    assert loads(b"use A; use B::C; # use D\n$#x; require E;\n") == {b"A", b"B::C", b"E"}


def test_gems_stay_whole_with_the_gems_they_depend_on(tmp_path):
    """By their specifications, as rubygems finds them."""
    gems = "var/lib/gems/3.1.0"
    tree = make_tree(
        tmp_path,
        {
            "usr/lib/libruby-3.1.so.3.1": elf(soname=b"libruby-3.1.so.3.1"),
            "usr/lib/ruby/3.1.0/set.rb": "",
            "usr/lib/ruby/3.1.0/rdoc/rdoc.rb": "",
            "app/app.rb": "get('/x') { require 'tilt' }",
            f"{gems}/specifications/tilt-2.0.gemspec": 's.add_runtime_dependency(%q<rack>.freeze, ["> 1"])',
            f"{gems}/gems/tilt-2.0/lib/tilt.rb": "",
            f"{gems}/gems/tilt-2.0/test/test_tilt.rb": "",
            f"{gems}/specifications/rack-2.2.gemspec": "",
            f"{gems}/gems/rack-2.2/lib/rack/mime.rb": "",
            f"{gems}/specifications/other-1.gemspec": "",
            f"{gems}/gems/other-1/lib/other.rb": "",
        },
    )
    plan = balanced(tree, "/usr/lib/libruby-3.1.so.3.1", config=make_config(working_dir="/app"))
    assert {
        f"{gems}/gems/tilt-2.0/lib/tilt.rb".encode(),
        f"{gems}/gems/rack-2.2/lib/rack/mime.rb".encode(),
    } <= set(plan)
    assert b"usr/lib/ruby/3.1.0/set.rb" in plan
    assert not any(path.endswith((b"rdoc.rb", b"other.rb", b"test_tilt.rb")) for path in plan)


def test_an_empty_source_names_nothing(tmp_path):
    """Packages of Python begin with one."""
    tree = make_tree(tmp_path, {"app/__init__.py": "", "app/main.js": "", "app/x.rb": "", "app/y.pl": ""})
    assert b"app/__init__.py" in balanced(tree, config=make_config(working_dir="/app"))


SITE = "opt/venv/lib/python3.11/site-packages"
PYTHON = {
    "usr/bin/python3.11": Exe(elf(interpreter=b"/lib/ld.so", kind=2)),
    "opt/venv/bin/python3": Link("/usr/bin/python3.11"),
    "usr/lib/python3.11/os.py": "",
    "usr/lib/python3.11/zoneinfo/__init__.py": "",
    "usr/lib/python3.11/test/test_os.py": "",
    "app/app.py": "def route():\n    import lazy.deep\n    return importlib.import_module('byname')\n",
    f"{SITE}/lazy/__init__.py": "",
    f"{SITE}/lazy/deep.py": "import_optional('optional')",
    f"{SITE}/lazy/data.json": "{}",
    f"{SITE}/lazy/tests/test_deep.py": "",
    f"{SITE}/byname.py": "",
    f"{SITE}/optional/__init__.py": "import pip",
    f"{SITE}/unused/__init__.py": "",
    f"{SITE}/pip/__init__.py": "",
    f"{SITE}/lazy-1.dist-info/METADATA": "Name: lazy\nVersion: 1\nRequires-Dist: needed>=1\n",
    f"{SITE}/lazy-1.dist-info/RECORD": "lazy/__init__.py,,\nlazy/deep.py,,\nlazy/data.json,,\n"
    "lazy/tests/test_deep.py,,\n"
    "lazy-1.dist-info/METADATA,,\nlazy-1.dist-info/RECORD,,\n",
    f"{SITE}/needed/__init__.py": "",
    f"{SITE}/needed-1.dist-info/METADATA": "Name: needed\nVersion: 1\n",
    f"{SITE}/needed-1.dist-info/RECORD": "needed/__init__.py,,\nneeded-1.dist-info/METADATA,,\n",
}


def test_python_packages_stay_that_the_application_can_reach(tmp_path):
    """Lazily, by name, by requirement, and with their data; tests, installers and what nothing names go."""
    config = make_config(working_dir="/app", env=("PATH=/opt/venv/bin:/usr/bin",))
    plan = balanced(make_tree(tmp_path, PYTHON), executed=("/opt/venv/bin/python3",), config=config)
    names = ("lazy/deep.py", "lazy/data.json", "byname.py", "optional/__init__.py", "needed/__init__.py")
    assert {f"{SITE}/{each}".encode() for each in names} <= set(plan)
    assert f"{SITE}/lazy-1.dist-info/METADATA".encode() in plan
    assert b"usr/lib/python3.11/zoneinfo/__init__.py" in plan
    assert not any(
        b"/tests/" in path or b"/test/" in path or b"/pip/" in path or b"unused/__" in path for path in plan
    )
