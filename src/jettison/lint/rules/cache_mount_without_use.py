"""CCH106 cache-mount-without-use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jettison.lint.bases import Distro
from jettison.lint.command import Command
from jettison.lint.fix import Applicability, Fix, delete
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import before
from jettison.lint.rules._mounts import mounts
from jettison.lint.source import Span
from jettison.lint.syntax import Flag, Instruction

_SWITCHES: Final = {
    **dict.fromkeys(("pip", "pip3", "pip2", "uv"), ("--no-cache-dir", "--no-cache", "-n")),
    "apk": ("--no-cache",),
    "yarn": ("--no-cache",),
    "composer": ("--no-cache",),
    "poetry": ("--no-cache",),
}
_VARIABLES: Final = {"pip": "PIP_NO_CACHE_DIR", "pip3": "PIP_NO_CACHE_DIR", "uv": "UV_NO_CACHE"}
_PLACES: Final = {"pip": "pip", "pip3": "pip", "pip2": "pip", "uv": "uv", "apk": "apk", "yarn": "yarn"}


class CacheMountWithoutUse(Rule):
    r"""Flags a cache mount that stays empty.

    ## What it does
    Looks in RUN with `--mount=type=cache` for what undoes it: `pip --no-cache-dir` (or `PIP_NO_CACHE_DIR`),
    `apk --no-cache`, `rm -rf` of the mounted folder, and a mount for apt on Debian and Ubuntu images while
    their `docker-clean` still deletes each package after its installation.

    ## Why is this bad?
    The build is as slow as without the mount, and looks as if it were not.

    ## Example
    ```dockerfile
    COPY requirements.txt ./
    RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir -r requirements.txt
    ```

    ## Use instead
    ```dockerfile
    COPY requirements.txt ./
    RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
    ```

    ## When to ignore
    When the mount is there for another command of the same RUN.

    ## Fix safety
    Safe: the option is removed; what is then stored lies in the mount, not in the image.

    ## Sources
    - Dockerfile reference, `RUN --mount=type=cache`, "Example: cache apt packages"
    """

    code = "CCH106"
    name = "cache-mount-without-use"
    severity = Severity.WARNING
    fixable = Applicability.SAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Cache mounts and the commands that pass them by."""
        targets = dict(mounts(node, "cache"))
        if not targets:
            return
        for command in context.build.commands(node):
            yield from self._switched_off(command, targets, context)
            if command.name == "rm":
                for arg in command.operands():
                    path = (arg.value or "").rstrip("/*")
                    if any(path and (target == path or target.startswith(f"{path}/")) for target in targets):
                        yield self.at(arg.span, "this empties the cache mount at the end of every build")
        for target, flag in targets.items():
            if target.startswith("/var/cache/apt") and _docker_clean(node, context):
                message = "`docker-clean` of this base deletes every package, so the mount stays empty"
                yield self.at(flag.span, message)

    def _switched_off(
        self, command: Command, targets: dict[str, Flag], context: Context
    ) -> Iterator[Finding]:
        if not any(_PLACES.get(command.name, "\0") in target for target in targets):
            return
        option = command.option(*(item for item in _SWITCHES.get(command.name, ()) if item.startswith("--")))
        if option is not None:
            message = f"`{option.text}` leaves the cache mount empty"
            yield self.at(option.span, message, fix=_fix(command, option.span))
        variable = _VARIABLES.get(command.name)
        value = context.build.state(command.instruction).env.get(variable) if variable else None
        if option is None and value and value.lower() not in ("0", "false", "off", "no"):
            yield self.at(command.name_span, f"`{variable}={value}` leaves the cache mount empty")


def _docker_clean(node: Instruction, context: Context) -> bool:
    """Whether the hook of the base image that deletes packages is in force."""
    stage = context.build.stage_of(node)
    if stage is None or stage.distro not in (Distro.DEBIAN, Distro.UBUNTU):
        return False
    texts = [
        item.line.text + "".join(doc.text for doc in item.heredocs)
        for item in (*before(node, context.build), node)
    ]
    return not any("docker-clean" in text or "Keep-Downloaded-Packages" in text for text in texts)


def _fix(command: Command, place: Span) -> Fix | None:
    if not command.editable:
        return None
    spans = [command.name_span, *(arg.span for arg in command.args)]
    previous = spans[spans.index(place) - 1]
    return Fix("remove the option", (delete(Span(previous.end, place.end)),))
