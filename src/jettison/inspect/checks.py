"""Checks of images: the CIS Docker benchmark's (`CIS-DI-…`) and dockle's (`DKL-…`) that an image can answer,
and our own.

Each knows what the others only guess: who brought a thing (the base or you), whether a package manager owns
it, and the instruction to edit. What an image cannot show (content trust, a runtime's limits) is not claimed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jettison.image.config import ImageConfig
from jettison.inspect.access import Access
from jettison.inspect.base import Base
from jettison.inspect.history import Instruction
from jettison.inspect.model import Check, Level, Origin
from jettison.inspect.secrets import redact
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path
from jettison.layers.tree import FileTree
from jettison.packages.inventory import Inventory

_SENSITIVE: Final = frozenset(
    {"/", "/boot", "/dev", "/etc", "/lib", "/proc", "/sys", "/usr", "/bin", "/sbin"}
)
_NEEDLESS: Final = re.compile(
    rb"(?:.*/)?(?:Dockerfile(?:\.[^/]+)?|Containerfile|\.dockerignore|docker-compose\.ya?ml|compose\.ya?ml"
    rb"|\.gitlab-ci\.yml|Jenkinsfile|Vagrantfile|\.bash_history|\.python_history|\.sqlite_history|\.lesshst)"
)
_KEY_NAME: Final = re.compile(
    rb"(?:.*/)?(?:id_(?:rsa|dsa|ecdsa|ed25519)|[^/]+\.(?:jks|p12|pfx|keystore|kdbx|ppk|ovpn)|\.vault-token"
    rb"|credentials\.json|service-account[^/]*\.json|terraform\.tfstate)"
)
_ADD_NEEDED: Final = re.compile(
    r"https?://|git@|\.git\b|\.(?:tar|tgz|tbz2?|txz|tar\.\w+)\b|(?:file|multi):[0-9a-f]+"
)
_APT_INSTALL: Final = re.compile(r"apt(?:-get)?\s+(?:-\S+\s+)*install\b")
_APT_UPDATE: Final = re.compile(r"apt(?:-get)?\s+(?:-\S+\s+)*update\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is checked."""

    reference: str
    config: ImageConfig
    tree: FileTree
    history: Sequence[Instruction]
    base: Base
    access: Access
    inventory: Inventory | None

    def origin(self, layer: int | None) -> Origin:
        """Who brought a layer."""
        if layer is None or not self.base.layers:
            return Origin.UNKNOWN
        return Origin.BASE if layer < self.base.layers else Origin.YOURS

    def entry_origin(self, instruction: Instruction) -> Origin:
        """Who brought an entry of the history."""
        if not self.base.entries:
            return Origin.UNKNOWN
        return Origin.BASE if instruction.index < self.base.entries else Origin.YOURS


def run(subject: Subject) -> tuple[Check, ...]:
    """All findings, worst first."""
    found = [finding for check in _CHECKS for finding in check(subject)]
    rank = list(Level)
    return tuple(sorted(found, key=lambda f: (rank.index(f.level), f.origin is Origin.BASE, f.id)))


def _root(subject: Subject) -> Iterator[Check]:
    user = subject.config.config.user.partition(":")[0]
    if user in ("", "0", "root"):
        yield Check(
            "CIS-DI-0001",
            Level.WARNING,
            "Runs as root",
            "The image sets no user, so a break-in has root's rights." if not user else f"USER is {user}.",
            "RUN useradd --system app, then USER app",
            Origin.YOURS,
        )


def _healthcheck(subject: Subject) -> Iterator[Check]:
    health = subject.config.config.healthcheck
    if health is None or health.test[:1] == ("NONE",):
        yield Check(
            "CIS-DI-0006",
            Level.INFO,
            "Has no HEALTHCHECK",
            "Docker cannot tell whether the application works; Kubernetes has probes of its own.",
            "HEALTHCHECK CMD with a command that asks the application",
            Origin.YOURS,
        )


def _instructions(subject: Subject) -> Iterator[Check]:
    for instruction in subject.history:
        origin = subject.entry_origin(instruction)
        for name, level, title, applies, remedy in _INSTRUCTION_CHECKS:
            if applies(instruction):
                text = redact(" ".join(instruction.text.split()))
                yield Check(name, level, title, text[:200], remedy, origin, (), instruction.layer)


def _is_lone_update(i: Instruction) -> bool:
    return i.keyword == "RUN" and bool(_APT_UPDATE.search(i.text)) and not _APT_INSTALL.search(i.text)


def _is_needless_add(i: Instruction) -> bool:
    if i.keyword != "ADD" or re.match(r"ADD (?:file|rootfs)\S* (?:in )?/\s*\Z", i.text):
        return False
    return not re.search(
        r"https?://|git@|\.git\b|\.(?:tar|tgz|tbz2?|txz|tar\.\w+)\b|(?:file|multi):[0-9a-f]+", i.text
    )


def _runs(pattern: str, but: str = r"(?!)") -> Callable[[Instruction], bool]:
    """Whether an instruction is a RUN that has `pattern`, and nowhere `but`."""
    wanted, excused = re.compile(pattern), re.compile(but)

    def applies(i: Instruction) -> bool:
        return i.keyword == "RUN" and bool(wanted.search(i.text)) and not excused.search(i.text)

    return applies


_INSTRUCTION_CHECKS: Final = (
    (
        "CIS-DI-0007",
        Level.WARNING,
        "Updates package lists in a layer of their own",
        _is_lone_update,
        "join it with the install: a cached list goes stale and names versions that are gone",
    ),
    (
        "CIS-DI-0009",
        Level.INFO,
        "Uses ADD where COPY does",
        _is_needless_add,
        "use COPY: ADD also fetches addresses and unpacks archives",
    ),
    (
        "CIS-DI-0011",
        Level.ERROR,
        "Installs packages without verifying them",
        _runs(r"--allow-(?:unauthenticated|untrusted)|--force-yes|--no-?gpg-?checks?|--trusted-host"),
        "import the key of the repository, and leave the option out",
    ),
    (
        "DKL-DI-0001",
        Level.INFO,
        "Uses sudo in a build",
        _runs(r"(?:^|[\s;&|])sudo\s"),
        "set USER root before, and back after",
    ),
    (
        "DKL-DI-0003",
        Level.WARNING,
        "Upgrades the distribution in a build",
        _runs(r"apt(?:-get)?\s+(?:-\S+\s+)*(?:dist-upgrade|full-upgrade)"),
        "pull a newer base instead",
    ),
    (
        "DKL-DI-0004",
        Level.INFO,
        "Leaves apk's cache behind",
        _runs(r"apk\s+(?:-\S+\s+)*add\b", r"--no-cache|rm -rf? /var/cache/apk"),
        "use: apk add --no-cache",
    ),
    (
        "DKL-DI-0005",
        Level.INFO,
        "Leaves apt's lists behind",
        _runs(_APT_INSTALL.pattern, r"/var/lib/apt/lists|--mount=type=cache"),
        "end the RUN with: && rm -rf /var/lib/apt/lists/*",
    ),
    (
        "JTS-0001",
        Level.WARNING,
        "Runs what it has just fetched",
        _runs(r"(?:curl|wget)\b[^|;&]*\|\s*(?:sudo\s+)?(?:ba|da|z)?sh\b"),
        "fetch to a file, check its digest, then run it",
    ),
)


def _volumes(subject: Subject) -> Iterator[Check]:
    for volume in subject.config.config.volumes:
        if "/" + volume.strip("/") in _SENSITIVE:
            yield Check(
                "DKL-DI-0002",
                Level.ERROR,
                "Makes a system folder a volume",
                f"VOLUME {volume}",
                "name the folder that holds data",
                Origin.YOURS,
            )


def _tag(subject: Subject) -> Iterator[Check]:
    last = re.sub(r"@.*", "", subject.reference).rpartition("/")[2]
    if last.endswith(":latest") or (":" not in last and "@" not in subject.reference and "." not in last):
        yield Check(
            "DKL-DI-0006",
            Level.INFO,
            "Has the tag latest",
            "What it means changes with every build.",
            "give every build a tag of its own",
            Origin.YOURS,
        )


def _passwords(subject: Subject) -> Iterator[Check]:
    empty = [user for user in subject.access.users if user.empty_password and user.can_log_in]
    if empty:
        yield Check(
            "DKL-LI-0001",
            Level.ERROR,
            "Has users without a password",
            ", ".join(user.name for user in empty),
            "RUN passwd --lock USER",
            _file_origin(subject, b"etc/shadow"),
            ("etc/shadow",),
        )
    for twins in (*subject.access.duplicate_users, *subject.access.duplicate_groups):
        path = b"etc/passwd" if " uid " in twins else b"etc/group"
        origin = _file_origin(subject, path)
        title = "Has an identity twice"
        yield Check(
            "DKL-LI-0002", Level.WARNING, title, twins, "give each its own", origin, (encode_path(path),)
        )


def _needless(subject: Subject) -> Iterator[Check]:
    for name, level, title, pattern, remedy in (
        (
            "DKL-LI-0003",
            Level.INFO,
            "Holds files of the build or of a shell",
            _NEEDLESS,
            "add them to .dockerignore",
        ),
        ("JTS-0002", Level.WARNING, "Holds files that keep keys", _KEY_NAME, "mount them at run time"),
    ):
        for layer, paths in _by_layer(subject, pattern).items():
            shown = tuple(encode_path(path) for path in paths[:20])
            origin = subject.origin(layer)
            yield Check(name, level, title, f"{len(paths)} files", remedy, origin, shown, layer)


def _by_layer(subject: Subject, pattern: re.Pattern[bytes]) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for node in subject.tree.walk():
        if node.kind is Kind.FILE and pattern.fullmatch(node.path) and not _is_of_package(subject, node.path):
            found.setdefault(node.layer, []).append(node.path)
    return found


def _is_of_package(subject: Subject, path: bytes) -> bool:
    return subject.inventory is not None and subject.inventory.owner(path) is not None


def _privileged(subject: Subject) -> Iterator[Check]:
    for origin in Origin:
        found = [p for p in subject.access.privileged if subject.origin(p.layer) is origin]
        if found:
            yield Check(
                "CIS-DI-0008",
                Level.INFO if origin is Origin.BASE else Level.WARNING,
                "Has programs that give their caller more rights",
                f"{len(found)} with setuid, setgid or file capabilities",
                "RUN chmod u-s,g-s on those that nobody needs, or run with no-new-privileges",
                origin,
                tuple(encode_path(p.path) for p in found[:20]),
            )


def _writable(subject: Subject) -> Iterator[Check]:
    groups: dict[int, list[bytes]] = {}
    for path in subject.access.world_writable:
        node = subject.tree.get(path)
        if node is not None:
            groups.setdefault(node.layer, []).append(path)
    for layer, paths in groups.items():
        yield Check(
            "JTS-0003",
            Level.WARNING,
            "Has files that every user may write",
            f"{len(paths)} paths",
            "RUN chmod o-w on them, or COPY --chmod",
            subject.origin(layer),
            tuple(encode_path(path) for path in paths[:20]),
            layer,
        )


def _devices(subject: Subject) -> Iterator[Check]:
    if subject.access.devices:
        yield Check(
            "JTS-0004",
            Level.INFO,
            "Holds device files",
            f"{len(subject.access.devices)}; a runtime makes those that a container may use",
            "remove them: they cannot be unpacked without root",
            Origin.UNKNOWN,
            tuple(encode_path(path) for path in subject.access.devices[:20]),
        )


def _file_origin(subject: Subject, path: bytes) -> Origin:
    node = subject.tree.resolve(path).node
    return subject.origin(node.layer) if node is not None else Origin.UNKNOWN


_CHECKS: Final = (
    _root,
    _healthcheck,
    _instructions,
    _volumes,
    _tag,
    _passwords,
    _needless,
    _privileged,
    _writable,
    _devices,
)
