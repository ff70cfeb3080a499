"""What builds: commands that make programs out of sources, and those that take no time."""

from __future__ import annotations

from typing import Final

from jettison.lint.build import Build, Stage
from jettison.lint.command import Command
from jettison.lint.rules._users import lineage
from jettison.lint.syntax import Instruction

_COMPILING: Final = {
    "go": ("build", "install", "test"),
    "cargo": ("build", "install", "test"),
    **dict.fromkeys(("mvn", "mvnw"), ("package", "install", "verify", "compile")),
    **dict.fromkeys(
        ("gradle", "gradlew"), ("build", "assemble", "bootJar", "jar", "shadowJar", "installDist", "war")
    ),
    "dotnet": ("build", "publish"),
    "sbt": ("assembly", "stage", "dist", "package"),
    "stack": ("build", "install"),
    "cabal": ("build", "install"),
    "swift": ("build",),
}
_CHEAP: Final = frozenset(
    {
        *("mkdir", "rmdir", "chmod", "chown", "chgrp", "ln", "cp", "mv", "rm", "touch", "install", "unlink"),
        *("echo", "printf", "sed", "cat", "tee", "test", "[", "true", ":", "set", "env", "find", "sudo"),
        *("useradd", "groupadd", "adduser", "addgroup", "usermod", "groupmod", "userdel", "id", "getent"),
        *("ldconfig", "update-alternatives", "a2enmod", "a2ensite", "phpenmod", "docker-php-ext-enable"),
        *("setcap", "update-ca-certificates", "chsh", "truncate", "date", "uname", "which"),
    }
)
"""Programs that take no time worth a cache entry."""


REACH: Final = 200
"""Instructions that are looked back or forward at from one; an image has at most 127 layers."""


def compiles(command: Command) -> bool:
    """Whether a command makes a program of the sources of a project."""
    goals = _COMPILING.get(command.name, ())
    return any(word.rpartition(":")[2] in goals for word in command.words if not word.startswith("-"))


def is_cheap(node: Instruction, build: Build) -> bool:
    """Whether RUN does nothing that is worth caching."""
    commands = build.commands(node)
    return bool(commands) and all(command.name in _CHEAP for command in commands)


def chain(stage: Stage) -> list[Instruction]:
    """The instructions of a stage and the stages it is built on, in order."""
    return [node for member in lineage(stage) for node in member.instructions]


def before(node: Instruction, build: Build) -> list[Instruction]:
    """The instructions that run before one in its stage and the stages it is built on; of a longer file than
    makes an image, the last `REACH`."""
    stage = build.stage_of(node)
    if stage is None or node.index < 0 or not stage.instructions:
        return []
    place = node.index - stage.instructions[0].index
    found = stage.instructions[max(0, place - REACH) : max(0, place)]
    while len(found) < REACH and stage.parent is not None:
        stage = stage.parent
        found = stage.instructions[len(found) - REACH :] + found
    return found
