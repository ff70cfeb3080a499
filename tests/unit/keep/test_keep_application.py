"""Which files are the application's own, and what stays because text names it."""

from __future__ import annotations

import pytest
from keep_images import Exe, Folder, Link, balanced, make_config, make_tree

from jettison.keep.history import own_layers

DPKG = "Package: nginx\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"


@pytest.mark.parametrize(
    ("created_by", "copied", "ran"),
    [
        (("ADD rootfs.tar / ", 'CMD ["bash"]', "COPY . /app", "RUN npm ci", 'CMD ["node"]'), {1}, {2}),
        (
            (
                "/bin/sh -c #(nop) ADD file:1 in / ",
                '/bin/sh -c #(nop)  CMD ["sh"]',
                "/bin/sh -c #(nop) COPY dir:2 in /srv",
            ),
            {1},
            set(),
        ),
        (
            (
                "ADD x / ",
                'CMD ["bash"]',
                "RUN apt-get install python3",
                'CMD ["python3"]',
                "WORKDIR /app",
                "COPY . . # buildkit",
            ),
            {3},
            {2},
        ),
        (("COPY rootfs/ / # buildkit",), {0}, set()),
        (("ADD x / ", 'ENTRYPOINT ["/entry"]', "COPY page.html /usr/share/nginx/html/"), {1}, set()),
        (("/bin/sh -c apt-get update", 'CMD ["sh"]', "|1 A=b /bin/sh -c make"), set(), {1}),
    ],
)
def test_own_layers_begin_behind_the_last_command_of_the_base(created_by, copied, ran):
    """CMD or ENTRYPOINT ends a base image; the application's own last one has no layer behind it."""
    layers = sum("CMD" not in text and "ENTRYPOINT" not in text for text in created_by)
    found = own_layers(make_config(layers=layers, created_by=created_by))
    assert (found.copied, found.ran) == (copied, ran)


def test_an_imported_system_is_a_base_without_a_command():
    """`docker import` writes no CMD into the history; the layer that has os-release and was not copied is the
    base."""
    config = make_config(layers=2, created_by=("imported from -", "RUN apt-get install x"))
    assert own_layers(config, systems={0}).copied == frozenset()
    assert own_layers(config, systems={0}).ran == {1}


def test_a_history_that_does_not_fit_the_layers_says_nothing():
    """Squashed images keep an old history."""
    assert own_layers(make_config(layers=1, created_by=("ADD a /", "COPY b /"))).copied == frozenset()


def app(tmp_path, files, **config):
    """The plan for an application in /app over a base with one file of the system."""
    base = {"usr/bin/tool": Exe(b"T"), "usr/share/data.txt": "x", "app": Folder()}
    instructions = ("ADD x /", "CMD sh", "COPY . /app", "CMD app")
    tree = make_tree(tmp_path, base, files)
    return balanced(tree, config=make_config(layers=2, created_by=instructions, working_dir="/app", **config))


def test_files_of_the_application_stay_unvisited(tmp_path):
    """Templates, error pages, translations: all of it, but for leftovers of development."""
    kept = {
        "app/views/500.html",
        "app/locale/de.mo",
        "app/.env",
        "app/src/TwigTest.php",
        "app/test/index.html",
    }
    left = {
        "app/.git/config",
        "app/src/__pycache__/a.pyc",
        "app/spec/a_spec.rb",
        "app/spec/data.json",
        "app/x.o",
    }
    plan = app(tmp_path, dict.fromkeys(sorted(kept | left), "x"))
    assert {path.encode() for path in kept} <= set(plan)
    assert not {path.encode() for path in left} & set(plan)


def test_files_of_the_base_do_not_stay(tmp_path):
    """Nothing asked for them."""
    assert b"usr/share/data.txt" not in app(tmp_path, {"app/a": "x"})


def test_files_of_packages_are_not_the_applications(tmp_path):
    """What dpkg owns in the application's own RUN layer stays only if something asks for it."""
    base = {"etc/os-release": "ID=debian\n", "bin/sh": Exe(b"S")}
    run = {
        "var/lib/dpkg/status": DPKG,
        "var/lib/dpkg/info/nginx.list": "/.\n/usr\n/usr/share\n/usr/share/nginx\n/usr/share/nginx/big.dat\n",
        "usr/share/nginx/big.dat": "x" * 1000,
        "etc/nginx/sites-enabled/made": "x",
        "etc/alternatives/editor": Link("/usr/bin/vi"),
        "var/cache/apt/pkgcache.bin": "x",
        "run/nginx": Folder(0o755, 33),
        "var/lib/nginx/body": Folder(0o700, 33),
    }
    config = make_config(layers=2, created_by=("ADD x /", "CMD sh", "RUN apt-get install nginx", "CMD nginx"))
    plan = balanced(make_tree(tmp_path, base, run), config=config)
    assert {b"etc/nginx/sites-enabled/made", b"var/lib/nginx/body", b"run/nginx"} <= set(plan)
    assert not {
        b"usr/share/nginx/big.dat",
        b"var/cache/apt/pkgcache.bin",
        b"var/lib/dpkg/info/nginx.list",
    } & set(plan)


def test_paths_in_the_applications_text_stay(tmp_path):
    """A font that one route draws with; not what only looks like a path."""
    files = {
        "app/main.php": "draw('/usr/share/fonts/a.ttf'); get('/api'); '//x/usr/share/fonts/b.ttf';",
        "usr/share/fonts/a.ttf": "A",
        "usr/share/fonts/b.ttf": "B",
    }
    base_files = {path: files.pop(path) for path in list(files) if path.startswith("usr")}
    tree = make_tree(tmp_path, {**base_files, "app": Folder()}, files)
    config = make_config(
        layers=2, created_by=("ADD x /", "CMD sh", "COPY . /app", "CMD x"), working_dir="/app"
    )
    plan = balanced(tree, config=config)
    assert b"usr/share/fonts/a.ttf" in plan
    assert b"usr/share/fonts/b.ttf" not in plan


def test_configuration_brings_includes_document_roots_and_programs(tmp_path):
    """Read or not: a reload reads it."""
    tree = make_tree(
        tmp_path,
        {
            "etc/nginx/nginx.conf": "include /opt/conf.d/*.conf;\nroot /srv/www;\n"
            "error_page 404 /404.html;\n",
            "etc/nginx/mime.types": "types {}",
            "etc/nginx/sites-available/off": "root /srv/off;",
            "etc/supervisor/x.conf": "[program:a]\ncommand=worker --fast\n",
            "opt/conf.d/a.conf": "x",
            "opt/conf.d/a.txt": "x",
            "srv/www/deep/404.html": "x",
            "srv/off/index.html": "x",
            "usr/bin/worker": Exe(b"W"),
        },
    )
    plan = balanced(tree, "/etc/nginx/nginx.conf", "/etc/supervisor/x.conf")
    kept = {b"etc/nginx/mime.types", b"opt/conf.d/a.conf", b"srv/www/deep/404.html", b"usr/bin/worker"}
    assert kept | {b"etc/nginx/sites-available/off"} <= set(plan)
    assert not {b"opt/conf.d/a.txt", b"srv/off/index.html"} & set(plan)
