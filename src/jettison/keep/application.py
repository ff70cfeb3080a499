"""Which files of an image are the application's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from jettison.layers.entry import Kind
from jettison.layers.path import name

if TYPE_CHECKING:
    from jettison.keep.history import OwnLayers
    from jettison.layers.tree import FileTree, Node
    from jettison.packages.inventory import Inventory

EXCLUDED_FOLDERS: Final = frozenset(
    b".git .hg .svn .bzr .github .gitlab .circleci .idea .vscode .vs __pycache__ .npm .yarn "
    b".pnpm-store .pytest_cache .mypy_cache .ruff_cache .tox .nox .nyc_output .parcel-cache .gradle "
    b".m2 .cargo .terraform .vagrant __tests__ __mocks__ htmlcov cypress CMakeFiles .deps".split()
)
"""Folders that no application needs at run time, by name: version control, editors, caches, tests, build
steps."""
EXCLUDED_FILES: Final = re.compile(
    rb"(?:.*\.(?:o|obj|a|la|lo|orig|rej|swp)|\.DS_Store|Thumbs\.db|\.gitignore|\.gitattributes|\.gitmodules|\.mailmap"
    rb"|\.dockerignore|\.editorconfig|\.eslint.*|\.prettier.*|\.travis\.yml|\.coverage|Dockerfile(?:\..*)?"
    rb"|docker-compose.*\.ya?ml|npm-debug\.log.*|yarn-error\.log)\Z",
    re.DOTALL,
)
"""Files that no application needs at run time, by name."""
TEST_FILES: Final = re.compile(
    rb"(?:.*[._](?:spec|test)\.(?:[cm]?[jt]sx?|rb|py|go|exs)|test_.*\.py|conftest\.py|.*Test\.(?:java|php|cs))\Z",
    re.DOTALL,
)
"""Files with tests, by the name that test runners look for. A folder `test`, `tests` or `spec` that holds one
goes whole; elsewhere such a name may be an accident (`TwigTest.php`), and the file stays."""
_TEST_FOLDERS: Final = frozenset((b"test", b"tests", b"spec", b"specs"))
_BY_PRODUCTS: Final = re.compile(
    rb"(?:var/(?:cache|log/(?:apt|dpkg|alternatives)|lib/(?:apt|dpkg|rpm|yum|dnf|pacman|systemd|ucf|python))"
    rb"|tmp|var/tmp|run|proc|sys|dev|lib/apk|usr/lib/apk|etc/apk|usr/src|usr/include|usr/local/share/man"
    rb"|usr/share/(?:doc|man|info|lintian|locale|bash-completion|zsh|fish)"
    rb"|etc/(?:alternatives|rc[\dS]\.d|systemd|init\.d/\.depend\S*|mailcap\.order)"
    rb"|(?:root|home/[^/]+)/(?:\.cache/(?:pip|uv|yarn|npm|node|pnpm|go-build|pypoetry|composer|bazel|pre-commit)"
    rb"|\.(?:npm|cargo/registry|rustup|m2|gradle|nuget)))(?:[/.]|\Z)"
)
"""What RUN instructions leave behind without meaning to: state of package managers, caches, documentation."""
_LANGUAGE_PACKAGES: Final = re.compile(
    rb"(?:^|/)(?:site-packages|dist-packages|node_modules|gems/[^/]+/(?:gems|specifications|extensions|doc|cache))/"
)
_SYSTEM_FOLDERS: Final = frozenset(
    b"bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv sys tmp usr var usr/bin "
    b"usr/lib usr/local usr/local/bin usr/local/lib usr/share usr/src var/lib var/www".split()
)
"""A WORKDIR of these names says nothing about what the application is."""


def is_by_product(path: bytes) -> bool:
    """Whether `path` is of the kind that package managers and build tools leave behind."""
    return _BY_PRODUCTS.match(path) is not None


def is_language_package(path: bytes) -> bool:
    """Whether `path` lies in a folder of installed packages of a language."""
    return _LANGUAGE_PACKAGES.search(path) is not None


def application_nodes(
    tree: FileTree, layers: OwnLayers, working_directory: bytes, inventory: Inventory
) -> Iterator[Node]:
    """Files and links that are the application's, sorted by path.

    They come from its own COPY and ADD layers, lie in its working directory, or were made by its own RUN
    instructions; they are no leftovers, no operating-system package owns them, and they do not lie in a
    language's package folder.
    """
    home = (
        working_directory + b"/" if working_directory and working_directory not in _SYSTEM_FOLDERS else None
    )
    nodes = [
        node for node in tree.walk() if _is_own(node, layers, home) and inventory.owner(node.path) is None
    ]
    tests = _test_folders(nodes)
    for node in nodes:
        folders = node.path.split(b"/")[:-1]
        left_out = not EXCLUDED_FOLDERS.isdisjoint(folders) or EXCLUDED_FILES.match(name(node.path))
        if not left_out and (not tests or tests.isdisjoint(_ancestors(folders))):
            yield node


def _is_own(node: Node, layers: OwnLayers, home: bytes | None) -> bool:
    if node.kind is Kind.DIR or is_language_package(node.path):
        return False
    if node.target.startswith(
        b"/etc/alternatives/"
    ):  # a choice of the system, whose program needs its own reason
        return False
    if home is not None and node.path.startswith(home):
        return True
    return (node.layer in layers.copied or node.layer in layers.ran) and not is_by_product(node.path)


def _ancestors(folders: list[bytes]) -> Iterator[bytes]:
    return (b"/".join(folders[: i + 1]) for i in range(len(folders)))


def _test_folders(nodes: list[Node]) -> set[bytes]:
    """The outermost folders for tests that really hold some."""
    found = set()
    for node in nodes:
        if TEST_FILES.match(name(node.path)):
            folders = node.path.split(b"/")[:-1]
            depth = next((i for i, folder in enumerate(folders) if folder in _TEST_FOLDERS), None)
            if depth is not None:
                found.add(b"/".join(folders[: depth + 1]))
    return found
