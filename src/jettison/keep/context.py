"""What rules see: the image's files, the evidence, the configuration, and what is kept so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

from jettison.errors import InvalidInputError, LimitError
from jettison.keep.application import application_nodes
from jettison.keep.elf import Elf, read_elf
from jettison.keep.facts import Facts
from jettison.keep.history import OwnLayers, own_layers
from jettison.keep.loader import Loader
from jettison.keep.programs import executed, is_system_program
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, normalise
from jettison.packages.inventory import Inventory
from jettison.packages.inventory import inventory as inventory_of

if TYPE_CHECKING:
    from jettison.image.config import ImageConfig
    from jettison.keep.plan import KeepPlan
    from jettison.layers.tree import FileTree, Node
    from jettison.observe.evidence import Evidence

_HEAD_BYTES: Final = 256
"""Enough for a shebang line: BINPRM_BUF_SIZE of Linux."""
DEFAULT_PATH: Final = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH where the configuration has none, as container engines set it."""


class Context:
    """One image under one decision. All look-ups are in the image's tree; nothing of the host is ever
    read."""

    def __init__(
        self,
        tree: FileTree,
        evidence: Evidence,
        config: ImageConfig,
        plan: KeepPlan,
        *,
        facts: Facts | None = None,
        inventory: Inventory | None = None,
    ) -> None:
        """`inventory` and `facts` save work where the caller has them already."""
        self.tree = tree
        self.facts = facts or Facts(config.diff_ids)
        self._inventory = inventory
        self.evidence = evidence
        self.config = config
        self.plan = plan
        self._elf: dict[bytes, Elf | None] = {}

    def is_kept(self, path: bytes) -> bool:
        """Whether `path` (normalised, links resolved) stays so far."""
        return path in self.plan

    def file(self, path: bytes) -> Node | None:
        """The regular file that `path` leads to, links followed."""
        node = self.tree.resolve(path).node
        return node if node is not None and node.kind is Kind.FILE else None

    def folder(self, path: bytes) -> Node | None:
        """The folder that `path` leads to, links followed."""
        node = self.tree.resolve(path).node
        return node if node is not None and node.kind is Kind.DIR else None

    def read(self, node: Node) -> bytes:
        """The content of a small file; empty, with a warning in the plan, when it is over
        `MAX_SMALL_FILE_BYTES`."""
        try:
            return self.tree.read(node)
        except LimitError:
            self.plan.warn(
                f"{encode_path(node.path)} is too large to be read as text; nothing was derived from it"
            )
            return b""

    def text(self, path: bytes) -> bytes:
        """The content of the small file that `path` leads to; empty when there is none."""
        node = self.file(path)
        return self.read(node) if node is not None else b""

    def head(self, node: Node) -> bytes:
        """The first bytes of a regular file: magic number or shebang line."""
        return self.tree.head(node, _HEAD_BYTES)

    def elf(self, path: bytes) -> Elf | None:
        """The ELF summary of the file that `path` leads to; None when it is not ELF or not readable as
        such."""
        node = self.file(path)
        if node is None:
            return None
        if node.path not in self._elf:
            self._elf[node.path] = self._read_elf(node)
        return self._elf[node.path]

    def _read_elf(self, node: Node) -> Elf | None:
        with self.tree.open(node) as file:
            try:
                return read_elf(file)
            except InvalidInputError as error:
                self.plan.warn(f"{encode_path(node.path)}: {error}; its libraries could not be determined")
                return None

    @cached_property
    def inventory(self) -> Inventory:
        """The packages of the image."""
        return self._inventory or inventory_of(self.tree)

    @cached_property
    def own_layers(self) -> OwnLayers:
        """The layers that the application's own instructions made."""
        releases = (self.file(path) for path in (b"etc/os-release", b"usr/lib/os-release"))
        return own_layers(self.config, systems={node.layer for node in releases if node is not None})

    @cached_property
    def application(self) -> dict[bytes, Node]:
        """The application's own files and links, by path, sorted; without what is plainly not needed at run
        time."""
        nodes = application_nodes(self.tree, self.own_layers, self.working_directory, self.inventory)
        return {node.path: node for node in nodes}

    @cached_property
    def executed(self) -> frozenset[bytes]:
        """Programs and scripts that the evidence or the configuration starts; normalised, links resolved."""
        return frozenset(node.path for path in executed(self) if (node := self.file(path)) is not None)

    @cached_property
    def programs(self) -> frozenset[bytes]:
        """Those of `executed` that are not shells and utilities of the system."""
        return frozenset(path for path in self.executed if not is_system_program(self, path))

    def is_application_program(self, node: Node) -> bool:
        """Whether `node` is executed as the application, or is one of its own files."""
        return node.path in self.programs or node.path in self.application

    def is_authored(self, path: bytes) -> bool:
        """Whether the application's makers wrote `path`, rather than an installation script that they ran."""
        node = self.application.get(path)
        if node is None:
            return False
        return node.layer not in self.own_layers.ran or not path.startswith((b"etc/", b"var/", b"usr/"))

    @cached_property
    def environment(self) -> dict[bytes, bytes]:
        """The variables of the image's configuration."""
        pairs = (entry.encode("utf-8", "surrogateescape").partition(b"=") for entry in self.config.config.env)
        return {key: value for key, _, value in pairs}

    @cached_property
    def search_path(self) -> tuple[bytes, ...]:
        """The folders of PATH."""
        return tuple(
            part for part in self.environment.get(b"PATH", DEFAULT_PATH).split(b":") if part.startswith(b"/")
        )

    @cached_property
    def working_directory(self) -> bytes:
        """WORKDIR, normalised."""
        return normalise(self.config.config.working_dir.encode("utf-8", "surrogateescape"))

    @cached_property
    def loader(self) -> Loader:
        """The dynamic loader's search under the configuration's environment."""
        library_path = self.environment.get(b"LD_LIBRARY_PATH", b"").replace(b";", b":").split(b":")
        return Loader(
            self.tree, self.elf, library_path=[folder for folder in library_path if folder.startswith(b"/")]
        )

    def which(self, command: bytes) -> bytes | None:
        """The path, links unresolved, of the program that a shell would run for `command`; None when there is
        none."""
        if b"/" in command:
            path = command if command.startswith(b"/") else b"/%s/%s" % (self.working_directory, command)
            return path if self.file(path) is not None else None
        candidates = (folder.rstrip(b"/") + b"/" + command for folder in self.search_path)
        return next((path for path in candidates if command and self._is_program(path)), None)

    def _is_program(self, path: bytes) -> bool:
        node = self.file(path)
        return node is not None and bool(node.mode & 0o111)

    def below(self, path: bytes) -> Iterator[Node]:
        """Every node under the folder that `path` leads to, without the folder itself; nothing when there is
        none."""
        folder = self.folder(path)
        if folder is None:
            return iter(())
        return (node for node in self.tree.walk(folder.path) if node.path != folder.path)

    def argv(self) -> Iterable[tuple[str, list[bytes]]]:
        """The commands of the configuration in exec form, each with the name of its instruction."""
        run = self.config.config
        start = [*(run.entrypoint or ()), *(run.cmd or ())]
        if start:
            yield "the image's start command", [word.encode("utf-8", "surrogateescape") for word in start]
        test = list(run.healthcheck.test or ()) if run.healthcheck else []
        if test[:1] == ["CMD"]:
            yield "HEALTHCHECK", [word.encode("utf-8", "surrogateescape") for word in test[1:]]
        elif test[:1] == ["CMD-SHELL"]:
            shell = list(run.shell or ("/bin/sh", "-c"))
            yield "HEALTHCHECK", [word.encode("utf-8", "surrogateescape") for word in (*shell, *test[1:])]
