"""What an image could do without: which files, who brought them, and the edit that removes them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from jettison.inspect.model import Origin, Part, Waste
from jettison.inspect.space import Dead
from jettison.layers.changes import Node
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path
from jettison.layers.tree import FileTree
from jettison.packages.inventory import Inventory
from jettison.packages.model import SYSTEM, Ecosystem

_SAMPLES: Final = 12


class Sort(Struct, frozen=True):
    """A kind of file that nothing needs at run time."""

    id: str
    title: str
    remedy: str
    pattern: str


_MODULES: Final = r"(?:.*/)?(?:site-packages|dist-packages|node_modules|gems)/(?:.*/)?"
SORTS: Final = (
    Sort(
        "apt-lists",
        "Package lists of apt",
        "end the same RUN with: && rm -rf /var/lib/apt/lists/*",
        r"var/lib/apt/lists/.+",
    ),
    Sort("apt-cache", "Cache of apt", "end the same RUN with: && apt-get clean", r"var/cache/apt/.+"),
    Sort("apk-cache", "Cache of apk", "use: apk add --no-cache", r"(?:var/cache/apk|etc/apk/cache)/.+"),
    Sort(
        "rpm-cache",
        "Cache of dnf or yum",
        "end the same RUN with: && dnf clean all",
        r"var/cache/(?:dnf|yum|libdnf5|zypp)/.+",
    ),
    Sort(
        "pip-cache",
        "Cache of pip",
        "use: pip install --no-cache-dir",
        r"(?:.*/)?\.cache/(?:pip|uv|pypoetry|pdm)/.+",
    ),
    Sort(
        "npm-cache",
        "Cache of npm, yarn or pnpm",
        "end the same RUN with: && npm cache clean --force",
        r"(?:.*/)?(?:\.npm/_(?:cacache|logs)|\.cache/(?:yarn|node-gyp|pnpm)|\.yarn/cache|\.local/share/pnpm/store|usr/local/share/\.cache)/.+",
    ),
    Sort(
        "go-cache",
        "Cache of Go",
        "use RUN --mount=type=cache,target=/root/.cache/go-build, or build in a stage of its own",
        r"(?:.*/)?(?:\.cache/go-build|go/pkg/mod)/.+",
    ),
    Sort(
        "cargo-cache",
        "Registry or build folder of Cargo",
        "build in a stage of its own and COPY --from it",
        r"(?:.*/)?(?:\.?cargo/registry|\.?cargo/git|target/(?:release|debug)/(?:deps|build|incremental))/.+",
    ),
    Sort(
        "maven-cache",
        "Repository of Maven or Gradle",
        "build in a stage of its own and COPY --from it",
        r"(?:.*/)?(?:\.m2/repository|\.gradle/(?:caches|wrapper))/.+",
    ),
    Sort(
        "ruby-cache",
        "Cache of RubyGems, Bundler or Composer",
        "remove it in the same RUN",
        r"(?:.*/)?(?:gems?/[^/]+/cache/[^/]+\.gem|bundle/(?:.*/)?cache/.+|\.composer/cache/.+|\.cache/composer/.+)",
    ),
    Sort(
        "conda-cache",
        "Package cache of conda",
        "end the same RUN with: && conda clean -afy",
        r"(?:opt|root)/[^/]*conda[^/]*/pkgs/.+",
    ),
    Sort(
        "vcs",
        "Version control data",
        "add .git, .hg and .svn to .dockerignore",
        r"(?:.*/)?\.(?:git|hg|svn|bzr)/.+",
    ),
    Sort("temporary", "Temporary files", "remove them in the same RUN", r"(?:var/)?tmp/.+"),
    Sort("logs", "Logs of the build", "remove them in the same RUN", r"var/log/.+"),
    Sort(
        "core-dumps",
        "Core dumps and leftovers of editors",
        "remove them and add them to .dockerignore",
        r"(?:.*/)?(?:core\.\d+|\.DS_Store|Thumbs\.db|[^/]+\.(?:swp|swo|orig|rej)|[^/]+~)",
    ),
    Sort(
        "documentation",
        "Documentation and manual pages",
        "end the RUN that installs with: && rm -rf /usr/share/doc /usr/share/man /usr/share/info",
        r"usr/(?:local/)?share/(?:doc|man|info|gtk-doc|lintian|bug|linda)/.+",
    ),
    Sort(
        "locales",
        "Translations",
        "end the RUN that installs with: && rm -rf /usr/share/locale; keep the languages you serve",
        r"usr/share/(?:locale|i18n/locales)/.+|usr/lib/locale/(?!C\.utf8).+",
    ),
    Sort(
        "bytecode",
        "Bytecode caches of Python",
        "set ENV PYTHONDONTWRITEBYTECODE=1 before the RUN; starts take longer",
        r"(?:.*/)?__pycache__/.+|.*\.pyc",
    ),
    Sort(
        "static-libraries",
        "Static libraries and headers",
        "install -dev packages in a build stage and COPY --from it",
        r"usr/(?:local/)?include/.+|.*/[^/]+\.(?:a|la)|(?:.*/)?pkgconfig/.+\.pc",
    ),
    Sort(
        "debug-files",
        "Separate debug information",
        "do not install -dbg packages in the final stage",
        r"usr/lib/debug/.+|.*\.(?:debug|dwo|pdb)",
    ),
    Sort(
        "source-maps",
        "Source maps and type declarations",
        "leave them out of the production bundle",
        _MODULES + r".+\.(?:map|d\.ts|d\.mts|d\.cts)",
    ),
    Sort(
        "tests",
        "Test suites of libraries",
        "remove them in the RUN that installs",
        _MODULES + r"(?:tests?|__tests__|testing/tests|spec|specs|benchmarks?)/.+",
    ),
)
"""In the order in which they are tried: a file is counted under the first that it fits."""

_ALL: Final = re.compile(("|".join(f"(?P<s{n}>{s.pattern})" for n, s in enumerate(SORTS))).encode(), re.S)
_BUILD_TOOLS: Final = re.compile(
    r"(?:gcc|g\+\+|cpp|clang|llvm|binutils|make|cmake|ninja-build|autoconf|automake|libtool|bison|flex|patch"
    r"|gdb|rustc|cargo|golang|build-essential|build-base|dpkg-dev|debhelper|pkg-config|pkgconf|m4|git|mercurial"
    r"|subversion|nasm|yasm|swig)(?:-[\d.].*|-x86.*|-aarch.*|-common|-bin|-man|-doc)?\Z"
    r"|.+-(?:dev|devel|headers)\Z"
)


class Found(Struct):
    """What is gathered of one waste before it is a `Waste`."""

    sizes: dict[int, int] = {}
    files: dict[int, int] = {}
    samples: list[tuple[int, bytes]] = []

    def add(self, layer: int, size: int, path: bytes) -> None:
        """Count a file."""
        self.sizes[layer] = self.sizes.get(layer, 0) + size
        self.files[layer] = self.files.get(layer, 0) + 1
        self.samples.append((size, path))
        if len(self.samples) > 50 * _SAMPLES:
            self.samples = sorted(self.samples, reverse=True)[:_SAMPLES]


def waste(
    tree: FileTree,
    inventory: Inventory | None,
    dead: Sequence[Dead],
    removable: Mapping[bytes, int],
    base_layers: int,
) -> tuple[Waste, ...]:
    """All waste of an image, largest first; no byte is counted twice.

    `removable` is what strip(1) would take from each program, `base_layers` how many layers are the base's.
    """
    found: dict[str, Found] = defaultdict(Found)
    classifier = Classifier(inventory, removable)
    seen: set[int] = set()
    for node in tree.walk():
        if node.kind is not Kind.FILE or node.inode in seen:
            continue
        if node.inode:
            seen.add(node.inode)
        name, size = classifier.sort(node)
        if name and size:
            found[name].add(node.layer, size, node.path)
    for entry in dead:
        if entry.size:
            found[f"dead-{entry.cause}"].add(entry.layer, entry.size, entry.node.path)
    made = [_waste(name, gathered, base_layers) for name, gathered in found.items()]
    return tuple(sorted(made, key=lambda each: (-each.size, each.id)))


class Classifier:
    """Says of a file whether it is waste."""

    def __init__(self, inventory: Inventory | None, removable: Mapping[bytes, int]) -> None:
        """As for `waste`."""
        self._tools = _tool_files(inventory) if inventory else {}
        self._removable = removable

    def sort(self, node: Node) -> tuple[str, int]:
        """Id of its kind of waste, and how many of its bytes are; 0 for none."""
        match = _ALL.fullmatch(node.path)
        if match and match.lastgroup:
            return SORTS[int(match.lastgroup[1:])].id, node.size
        if node.path in self._tools:
            return self._tools[node.path], node.size
        return "unstripped", self._removable.get(node.path, 0)


def _tool_files(inventory: Inventory) -> dict[bytes, str]:
    """Files of compilers and headers, and of npm packages that only development needs."""
    out: dict[bytes, str] = {}
    for package in inventory.packages:
        if package.ecosystem in SYSTEM and _BUILD_TOOLS.match(package.name):
            out.update(dict.fromkeys(package.files, "build-tools"))
        elif package.ecosystem is Ecosystem.NPM and package.dev:
            out.update(dict.fromkeys(package.files, "dev-dependencies"))
    return out


_OTHERS: Final = {
    "build-tools": Sort(
        "build-tools", "Compilers and other build tools", "build in a stage of its own and COPY --from it", ""
    ),
    "dev-dependencies": Sort(
        "dev-dependencies",
        "Modules that only development needs",
        "use: npm ci --omit=dev, or npm prune --omit=dev in a build stage",
        "",
    ),
    "unstripped": Sort(
        "unstripped",
        "Symbols and debug sections of programs",
        "strip --strip-unneeded in the RUN that builds or installs them",
        "",
    ),
    "dead-deleted": Sort(
        "dead-deleted",
        "Files that a later layer deletes",
        "delete them in the RUN that made them, or make them in another stage; a later RUN rm frees nothing",
        "",
    ),
    "dead-replaced": Sort(
        "dead-replaced",
        "Files that a later layer replaces",
        "write them once: join the instructions, or COPY the final version only",
        "",
    ),
    "dead-copied": Sort(
        "dead-copied",
        "Copies for another owner, mode or time",
        "use COPY --chown and --chmod, or change them in the RUN that made them",
        "",
    ),
}
SORT_OF: Final = {sort.id: sort for sort in SORTS} | _OTHERS
"""Every kind of waste by its id."""


def _waste(name: str, found: Found, base_layers: int) -> Waste:
    sort = SORT_OF[name]
    parts = tuple(
        Part(layer, found.sizes[layer], found.files[layer])
        for layer in sorted(found.sizes, key=lambda layer: -found.sizes[layer])
    )
    samples = sorted(found.samples, key=lambda sample: (-sample[0], sample[1]))[:_SAMPLES]
    return Waste(
        id=name,
        title=sort.title,
        size=sum(found.sizes.values()),
        files=sum(found.files.values()),
        origin=_origin(found.sizes, base_layers),
        remedy=sort.remedy,
        parts=parts,
        samples=tuple(encode_path(path) for _, path in samples),
    )


def _origin(layers: Iterable[int], base_layers: int) -> Origin:
    if not base_layers:
        return Origin.UNKNOWN
    return Origin.YOURS if any(layer >= base_layers for layer in layers) else Origin.BASE
