"""Where the content of the user's mounts comes from: the host never changes, and every run starts from the
same."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from jettison.errors import HostError
from jettison.sandbox.overlay import cover, link_layers, make_upper, mount_layers
from jettison.sandbox.space import MountSpace
from jettison.sandbox.spec import Mount


def mount_sources(
    mounts: Sequence[Mount], space: MountSpace, folder: Path
) -> tuple[dict[str, Path], dict[str, Path]]:
    """For each mount's destination: what to bind there, and for writable ones where the changes will lie.

    A writable folder becomes an overlay over the host's (file systems mounted inside it are not seen), a
    writable file a copy. Sockets and devices are bound as they are: talking to them is what they are for.
    Raises HostError.
    """
    sources: dict[str, Path] = {}
    changes: dict[str, Path] = {}
    for number, mount in enumerate(mounts):
        kind = mount.source.stat().st_mode
        own = folder / f"mount-{number}"
        if mount.read_only or not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
            sources[mount.destination] = mount.source
            continue
        try:
            if stat.S_ISDIR(kind):
                space.run(_throwaway_folder, mount.source, own)
                sources[mount.destination] = own / "merged"
                changes[mount.destination] = space.seen(own / "upper")
            else:
                _copy(mount.source, own)
                sources[mount.destination] = changes[mount.destination] = own
        except OSError as error:
            raise HostError(
                f"cannot prepare the mount of {mount.source}: {error.strerror}",
                hint="mount it read-only (:ro)",
            ) from error
    return sources, changes


def _throwaway_folder(source: Path, own: Path) -> None:
    own.mkdir()
    cover(own)
    lowers = link_layers(own, [source])
    make_upper(own / "upper", source)
    (own / "work").mkdir()
    (own / "merged").mkdir()
    mount_layers(own, lowers)


def _copy(source: Path, own: Path) -> None:
    info = source.stat()
    shutil.copyfile(source, own)
    os.chown(own, info.st_uid, info.st_gid)
    own.chmod(stat.S_IMODE(info.st_mode))
