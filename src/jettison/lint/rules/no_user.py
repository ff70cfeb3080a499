"""USR102 no-user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.build import Stage
from jettison.lint.fix import Applicability, Fix, Scope, insert
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._users import (
    DROPPERS,
    base_users,
    created_users,
    drops_rights,
    is_root,
    lineage,
    starting_user,
)

_SYSTEMS: Final = frozenset(
    {
        *("debian", "ubuntu", "alpine", "busybox", "fedora", "centos", "rockylinux", "almalinux"),
        *("amazonlinux", "oraclelinux", "archlinux", "buildpack-deps"),
    }
)
"""Bases that start a shell, if anything: images made of them without a command are for other images."""


class NoUser(Rule):
    """Flags an image that runs as root because nothing says otherwise.

    ## What it does
    Looks at the stage that is built. If neither it nor a stage it is built on has a USER, and the base image
    is known to start as root (the Docker official images, distroless without `nonroot`, .NET, UBI, scratch),
    the container runs as root. It is silent for bases that are not known, for systems without a command of
    their own, and where an entry point gives up root itself (`gosu`, `su-exec`, `setpriv`, databases).

    ## Why is this bad?
    A process that is taken over has all rights of its user. Root in a container is root of the host
    wherever a volume, a socket or a kernel bug leads out of it, and clusters refuse such images.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY server.js /srv/
    CMD ["node", "/srv/server.js"]
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY server.js /srv/
    USER 1000
    CMD ["node", "/srv/server.js"]
    ```

    ## When to ignore
    For images that are only built on, and for programs that drop their rights themselves.

    ## Fix safety
    Unsafe: a user that the image is known to have (on scratch and distroless 65532) is set before CMD or
    ENTRYPOINT; the application must not write to files of root, and not listen on a port below 1024.

    ## Sources
    - trivy DS-0002, checkov CKV_DOCKER_3, dockle CIS-DI-0001, KICS "Missing User Instruction"
    - CIS Docker Benchmark 4.1
    """

    code = "USR102"
    name = "no-user"
    severity = Severity.WARNING
    aliases = ("DS-0002", "DS002", "CKV_DOCKER_3", "CIS-DI-0001")
    fixable = Applicability.UNSAFE

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """The stage that is built, without USER on a base that starts as root."""
        if stage is not context.build.target or stage.effective("USER") is not None:
            return
        base = stage.root.base
        if not _starts(stage):
            return
        if not is_root(starting_user(base)) or drops_rights(base) or _drops(stage):
            return
        own = _own_users(stage, context)
        if own:
            message = f"the container runs as root; the user `{own[0]}` that is created here is never used"
        else:
            message = "the container runs as root: no USER says otherwise"
        place = stage.node.image.span if stage.node.image is not None else stage.node.keyword_span
        yield self.at(place, message, fix=_fix(stage, context))


def _drops(stage: Stage) -> bool:
    """Whether something in the image can give up root at the start."""
    for member in lineage(stage):
        for node in member.instructions:
            if any(name in node.line.text for name in DROPPERS):
                return True
    return False


def _own_users(stage: Stage, context: Context) -> list[str]:
    known = base_users(stage)
    return [name for name in created_users(stage, context) if name not in known]


def _starts(stage: Stage) -> bool:
    """Whether the image is one that starts something: with a command of the file, or of its base."""
    if stage.effective("CMD") is not None or stage.effective("ENTRYPOINT") is not None:
        return True
    base = stage.root.base
    return base is not None and base.name != "scratch" and base.repository not in _SYSTEMS


def _fix(stage: Stage, context: Context) -> Fix | None:
    """Set the one user that the image is known to have beside those of the system."""
    users = created_users(stage, context)
    users = {name: number for name, number in users.items() if name not in ("nobody", "www-data")}
    node = stage.last("ENTRYPOINT") or stage.last("CMD")
    if stage.distro in (Distro.SCRATCH, Distro.DISTROLESS):
        users = {"nonroot": 65532}
    if len(users) != 1 or node is None or node.index < 0:
        return None
    name, number = next(iter(users.items()))
    line = f"USER {name if number is None else number}{context.source.newline}"
    return Fix(f"run as {name}", (insert(node.span.start, line),), Applicability.UNSAFE, Scope.CONFIG)
