"""Reading what Python, npm and RubyGems installed."""

from builders import Item
from jettison.packages.inventory import inventory
from jettison.packages.python import required

SITE = "usr/lib/python3.11/site-packages"
METADATA = b"""\
Metadata-Version: 2.1
Name: My_Package.Thing
Version: 1.0
License: MIT
Requires-Dist: requests (>=2)
Requires-Dist: pytest ; extra == "test"
Requires-Dist: tomli ; python_version < "3.11"

Name: not a header any more
"""


def test_a_wheel_owns_what_its_record_lists(tree):
    """Paths in RECORD are relative to site-packages, and may leave it."""
    record = (
        b'my/__init__.py,sha256=x,1\n"my/a,b.py",,\n../../../bin/my,,\nmy_package-1.0.dist-info/METADATA,,\n'
    )
    found = inventory(
        tree(
            {
                f"{SITE}/my_package-1.0.dist-info/METADATA": METADATA,
                f"{SITE}/my_package-1.0.dist-info/RECORD": record,
                f"{SITE}/my/__init__.py": b"",
                f"{SITE}/my/a,b.py": b"",
                "usr/bin/my": b"#!",
            }
        )
    )
    (package,) = found.packages
    assert (package.name, package.version, package.license) == ("my-package-thing", "1.0", "MIT")
    assert package.depends == ("requests", "tomli")
    assert package.purl == "pkg:pypi/my-package-thing@1.0"
    site = SITE.encode()
    assert package.files == (
        b"usr/bin/my",
        site + b"/my/__init__.py",
        site + b"/my/a,b.py",
        site + b"/my_package-1.0.dist-info/METADATA",
        site + b"/my_package-1.0.dist-info/RECORD",
    )


def test_eggs_in_each_of_their_forms_are_read(tree):
    """A folder with PKG-INFO, Debian's single file, and the name in the file, not in the path."""
    found = inventory(
        tree(
            {
                f"{SITE}/one.egg-info/PKG-INFO": b"Name: one\nVersion: 1\n",
                f"{SITE}/one.egg-info/top_level.txt": b"one\n",
                f"{SITE}/one.egg-info/requires.txt": b"dep>=1\n\n[extra]\nnot\n",
                f"{SITE}/one/__init__.py": b"",
                f"{SITE}/two-2.egg-info": b"Name: two\nVersion: 2\n",
            }
        )
    )
    one, two = found.packages
    assert one.depends == ("dep",)
    assert f"{SITE}/one/__init__.py".encode() in one.files
    assert two.files == (f"{SITE}/two-2.egg-info".encode(),)


def test_metadata_without_a_name_is_a_problem(tree):
    """It invents no package."""
    found = inventory(tree({f"{SITE}/x.dist-info/METADATA": b"\xff\0Version: 1\n"}))
    assert (found.packages, len(found.problems)) == ((), 1)


def test_requirements_of_extras_are_not_required():
    """In whatever order the marker is written."""
    assert required(["a[x]>=1; extra == 'y'", 'b; "z" == extra', "C.D_e @ https://x"]) == ("c-d-e",)


def test_a_module_owns_its_folder_without_the_modules_nested_in_it(tree):
    """Nested node_modules own themselves; an application owns its package.json alone."""
    found = inventory(
        tree(
            {
                "app/package.json": b'{"name": "app", "version": "1.0.0"}',
                "app/server.js": b"",
                "app/node_modules/a/package.json": b'{"name": "a", "version": "2.0.0",'
                b' "license": {"type": "MIT"},'
                b' "dependencies": {"b": "*"}}',
                "app/node_modules/a/lib/x.js": b"",
                "app/node_modules/a/lib/package.json": b'{"type": "module"}',
                "app/node_modules/a/node_modules/@s/b/package.json": b'{"name": "@s/b", "version": "3.0.0"}',
            }
        )
    )
    scoped, a, app = found.packages
    assert scoped.purl == "pkg:npm/%40s/b@3.0.0"
    assert (a.license, a.depends) == ("MIT", ("b",))
    assert a.files == (
        b"app/node_modules/a/lib/package.json",
        b"app/node_modules/a/lib/x.js",
        b"app/node_modules/a/package.json",
    )
    assert app.files == (b"app/package.json",)


def test_modules_that_only_development_needs_are_marked(tree):
    """npm's hidden lock file says so."""
    lock = b'{"packages": {"node_modules/a": {"dev": true}, "node_modules/b": {}}}'
    found = inventory(
        tree(
            {
                "app/node_modules/.package-lock.json": lock,
                "app/node_modules/a/package.json": b'{"name": "a", "version": "1"}',
                "app/node_modules/b/package.json": b'{"name": "b", "version": "1"}',
            }
        )
    )
    assert [(p.name, p.dev) for p in found.packages] == [("a", True), ("b", False)]


def test_broken_package_json_is_a_problem_only_for_installed_modules(tree):
    """Fixtures of parsers are broken on purpose."""
    found = inventory(
        tree(
            {"app/node_modules/a/package.json": b"{", "app/node_modules/b/test/package.json": b"[" * 100_000}
        )
    )
    assert [p.location for p in found.problems] == [b"app/node_modules/a/package.json"]


def test_a_gem_owns_its_folder_and_its_extensions(tree):
    """The specification is Ruby, and is not run."""
    spec = b"""Gem::Specification.new do |s|
  s.name = "puma".freeze
  s.version = "6.4.0"
  s.licenses = ["BSD-3-Clause".freeze]
  s.add_runtime_dependency(%q<nio4r>.freeze, ["~> 2.0"])
  s.add_development_dependency(%q<rake>.freeze)
end
"""
    home = "var/lib/gems/3.1.0"
    found = inventory(
        tree(
            [
                Item(f"{home}/specifications/puma-6.4.0.gemspec", spec),
                Item(f"{home}/gems/puma-6.4.0/lib/puma.rb", b""),
                Item(f"{home}/gems/puma-6.4.0/tmp", None),
                Item(f"{home}/extensions/x86_64-linux/3.1.0/puma-6.4.0/puma.so", b"elf"),
            ]
        )
    )
    (gem,) = found.packages
    assert (gem.name, gem.version, gem.license, gem.depends) == ("puma", "6.4.0", "BSD-3-Clause", ("nio4r",))
    assert len(gem.files) == 4
