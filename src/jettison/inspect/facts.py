"""The parts of the document that say what was measured, in the words of the model."""

from __future__ import annotations

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from jettison.image.model import Image, image_id
from jettison.inspect import model
from jettison.inspect.access import Access
from jettison.inspect.base import Base
from jettison.inspect.checks import Subject
from jettison.inspect.content import Seen
from jettison.inspect.hardening import Defences
from jettison.inspect.history import Instruction, by_layer
from jettison.inspect.model import Origin
from jettison.inspect.secrets import is_secret_value, mask, redact
from jettison.inspect.space import Dead, Space
from jettison.layers.entry import Kind
from jettison.layers.layer import TarLayer
from jettison.layers.path import encode_path
from jettison.layers.tree import FileTree
from jettison.packages.inventory import Inventory
from jettison.packages.model import Distro

SHELLS: Final = ("bash", "sh", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "busybox")
MANAGERS: Final = (
    *("apt", "apt-get", "dpkg", "apk", "dnf", "yum", "microdnf", "rpm", "zypper", "pacman"),
    *("pip", "pip3", "uv", "conda", "npm", "yarn", "pnpm", "gem", "composer"),
)
_FOLDERS: Final = (b"bin", b"sbin", b"usr/bin", b"usr/sbin", b"usr/local/bin", b"usr/local/sbin")
_AUTHORITIES: Final = re.compile(
    rb"etc/(?:ssl/certs|pki|ca-certificates|ssl/cert\.pem)|usr/(?:local/)?share/(?:ca-certificates|pki)"
    rb"|.*/(?:certifi|botocore|requests)/|.*/(?:cacert|ca-bundle|roots?)\.(?:pem|crt)\Z"
)
"""Stores of certificate authorities, whose certificates are not the image's own."""
_MAX_WEAK: Final = 200


def image(source: Image, distro: Distro) -> model.ImageFacts:
    """Which image, and its config."""
    config, run = source.config, source.config.config
    variant = f"/{config.variant}" if config.variant else ""
    return model.ImageFacts(
        reference=source.reference,
        id=str(image_id(source)),
        digest=str(source.manifest_digest or ""),
        platform=f"{config.os}/{config.architecture}{variant}",
        created=config.created,
        user=run.user,
        entrypoint=tuple(map(redact, run.entrypoint or ())),
        cmd=tuple(map(redact, run.cmd or ())),
        working_dir=run.working_dir,
        ports=run.exposed_ports,
        volumes=run.volumes,
        env=tuple(_variable(variable) for variable in run.env),
        labels={name: _masked(name, value) for name, value in run.labels.items()},
        stop_signal=run.stop_signal,
        healthcheck=tuple(map(redact, run.healthcheck.test if run.healthcheck else ())),
        distro=distro.name,
    )


def _variable(text: str) -> str:
    name, equals, value = text.partition("=")
    return name + equals + _masked(name, value)


def _masked(name: str, value: str) -> str:
    """The value of a variable or label: as a whole where its name says so, else what in it is a secret."""
    if is_secret_value(name, value):
        return mask(value.encode(errors="replace"))
    return redact(value)


def sizes(source: Image, space: Space, base: Base, doubles: Sequence[model.Duplicate]) -> model.Sizes:
    """The three sizes, and what they are made of."""
    pulled = [_pulled(source, index) for index in range(len(space.layers))]
    known = [size for size in pulled if size is not None]
    kinds = Counter(node.kind for node in space.tree.walk())
    return model.Sizes(
        pulled=sum(known) if len(known) == len(pulled) and known else None,
        on_disk=space.payload,
        reachable=space.reachable,
        dead=space.payload - space.reachable,
        duplicate=sum(double.size * (len(double.paths) - 1) for double in doubles),
        yours=sum(layer.payload for layer in space.layers[base.layers :]),
        files=kinds[Kind.FILE],
        entries=len(space.tree),
    )


def _pulled(source: Image, index: int) -> int | None:
    """Bytes of a layer as it is stored; None where that is not the form a registry sends."""
    layer = source.layers[index]
    if not isinstance(layer, TarLayer) or layer.blob.digest is None:
        return None
    return layer.blob.size


def layers(
    source: Image, space: Space, base: Base, entries: Sequence[Instruction]
) -> tuple[model.LayerFacts, ...]:
    """Each layer with its figures and its instruction."""
    made_by = by_layer(entries, len(space.layers))
    return tuple(
        model.LayerFacts(
            index=index,
            diff_id=str(source.layers[index].diff_id),
            origin=origin(index, base),
            instruction=entry.index if entry else None,
            text=redact(" ".join(entry.text.split()))[:300] if entry else "",
            pulled=_pulled(source, index),
            on_disk=layer.payload,
            reachable=layer.reachable,
            dead=layer.dead,
            files=layer.files,
            added=layer.added,
            changed=layer.changed,
            removed=layer.removed,
        )
        for index, (layer, entry) in enumerate(zip(space.layers, made_by, strict=True))
    )


def origin(layer: int, base: Base) -> Origin:
    """Who brought a layer."""
    if not base.layers:
        return Origin.UNKNOWN
    return Origin.BASE if layer < base.layers else Origin.YOURS


def history(entries: Sequence[Instruction], subject: Subject) -> tuple[model.InstructionFacts, ...]:
    """The instructions, oldest first."""
    return tuple(
        model.InstructionFacts(
            i.index, i.keyword, redact(i.text), i.layer, subject.entry_origin(i), i.created
        )
        for i in entries
    )


def dead(entries: Iterable[Dead]) -> tuple[model.DeadFacts, ...]:
    """Files that nothing shows."""
    return tuple(
        model.DeadFacts(encode_path(entry.node.path), entry.size, entry.layer, entry.by, str(entry.cause))
        for entry in entries
    )


def duplicates(space: Space, seen: Iterable[Seen]) -> tuple[model.Duplicate, ...]:
    """Reachable files of equal content, by what they cost."""
    groups: dict[bytes, list[bytes]] = defaultdict(list)
    for found in seen:
        node = space.tree.get(found.path)
        if found.digest and node is not None and node.kind is Kind.FILE and node.layer == found.layer:
            groups[found.digest].append(found.path)
    out = []
    for paths in groups.values():
        node = space.tree.get(paths[0])
        if len(paths) > 1 and node is not None:
            out.append(model.Duplicate(node.size, tuple(encode_path(path) for path in sorted(paths))))
    return tuple(sorted(out, key=lambda each: (-each.size * (len(each.paths) - 1), each.paths)))


def users(rights: Access) -> tuple[model.UserFacts, ...]:
    """Who is in passwd."""
    return tuple(
        model.UserFacts(
            name=user.name,
            uid=user.uid,
            gid=user.gid,
            shell=user.shell,
            can_log_in=user.can_log_in,
            password="empty" if user.empty_password else "set" if user.has_password else "none",
        )
        for user in rights.users
    )


def privileged(rights: Access, found: Inventory | None) -> tuple[model.PrivilegedFile, ...]:
    """Programs that give rights."""
    return tuple(
        model.PrivilegedFile(encode_path(each.path), each.how, each.layer, _package_of(found, each.path))
        for each in rights.privileged
    )


def certificates(seen: Iterable[Seen]) -> tuple[model.CertificateFacts, ...]:
    """Certificates that are no authority's."""
    now = datetime.datetime.now(datetime.UTC)
    return tuple(
        model.CertificateFacts(
            path=encode_path(found.path),
            subject=each.subject,
            not_after=each.not_after.strftime("%Y-%m-%dT%H:%M:%SZ"),
            expired=each.not_after < now,
        )
        for found in seen
        if not _AUTHORITIES.match(found.path)
        for each in found.certificates
    )


def programs(tree: FileTree, names: Iterable[str]) -> tuple[str, ...]:
    """Paths of the programs of these names that are there, links included."""
    found: dict[str, None] = {}
    for name in names:
        for folder in _FOLDERS:
            path = folder + b"/" + name.encode()
            if path in tree and tree.resolve(path).node is not None:
                found[encode_path(path)] = None
    return tuple(found)


def hardening(space: Space, found: Inventory | None, seen: Iterable[Seen]) -> model.Hardening:
    """The defences of all programs and libraries that can be reached."""
    built = [(s.path, s.defences) for s in seen if s.defences and space.tree.get(s.path) is not None]
    run = [(path, each) for path, each in built if each.program]
    weak = [(path, each) for path, each in run if each.weaknesses]
    return model.Hardening(
        programs=len(run),
        libraries=len(built) - len(run),
        pie=sum(each.pie for _, each in run),
        nx=sum(each.nx for _, each in built),
        full_relro=sum(each.relro == "full" for _, each in built),
        partial_relro=sum(each.relro == "partial" for _, each in built),
        canary=sum(each.canary is True for _, each in built),
        weak=tuple(_weak(path, each, found) for path, each in sorted(weak, key=lambda w: w[0])[:_MAX_WEAK]),
    )


def _weak(path: bytes, built: Defences, found: Inventory | None) -> model.WeakProgram:
    return model.WeakProgram(encode_path(path), built.weaknesses, _package_of(found, path))


def packages(tree: FileTree, found: Inventory, base: Base) -> tuple[model.PackageFacts, ...]:
    """The inventory, with what each package takes."""
    return tuple(_packages(tree, found, base))


def _packages(tree: FileTree, found: Inventory, base: Base) -> Iterator[model.PackageFacts]:
    for package in found.packages:
        nodes = [node for path in package.files if (node := tree.get(path)) is not None]
        layer = max((node.layer for node in nodes), default=None)
        yield model.PackageFacts(
            ecosystem=str(package.ecosystem),
            name=package.name,
            version=package.version,
            arch=package.arch,
            source=package.source,
            license=package.license,
            purl=package.purl,
            location=encode_path(package.location),
            files=len(nodes),
            size=sum(node.size for node in nodes),
            origin=origin(layer, base) if layer is not None else Origin.UNKNOWN,
            dev=package.dev,
        )


def _package_of(found: Inventory | None, path: bytes) -> str:
    owner = found.owner(path) if found else None
    return owner.name if owner else ""


def problems(found: Inventory | None, seen: Iterable[Seen]) -> tuple[str, ...]:
    """What could not be read."""
    listed = [f"{encode_path(each.location)}: {each.text}" for each in (found.problems if found else ())]
    return (*listed, *(f"{encode_path(each.path)}: {each.problem}" for each in seen if each.problem))
