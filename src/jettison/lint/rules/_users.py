"""Who runs what: the user that base images start with, and the users that a Dockerfile creates.

Sources: the Dockerfiles of the Docker official images, of distroless, .NET, Chainguard and UBI images.
"""

from __future__ import annotations

from typing import Final

from jettison.lint.bases import BaseName, Distro, parse_base
from jettison.lint.build import Build, Stage
from jettison.lint.command import Command
from jettison.lint.rule import Context
from jettison.lint.syntax import Instruction

_NOT_ROOT: Final = {
    **{name: name for name in ("solr", "varnish", "haproxy", "kong", "odoo", "flink", "adminer", "jenkins")},
    "jetty": "jetty",
    **dict.fromkeys(("elasticsearch", "kibana", "logstash"), "1000"),
    "memcached": "memcache",
    "open-liberty": "1001",
    "websphere-liberty": "1001",
    "sonarqube": "sonarqube",
}
"""Docker official images that do not start as root; all others do."""
_OFFICIAL: Final = frozenset(
    {
        *("eclipse-temurin", "amazoncorretto", "maven", "gradle", "ibmjava", "sapmachine", "dart", "swift"),
        *("caddy", "traefik", "registry", "docker", "clojure", "groovy", "jruby", "ibm-semeru-runtimes"),
        *("solr", "varnish", "haproxy", "kong", "odoo", "adminer", "elasticsearch", "kibana", "logstash"),
        *("open-liberty", "websphere-liberty", "sonarqube", "flink", "jetty", "nextcloud", "joomla"),
    }
)
"""Docker official images whose name does not tell their system."""
_DROPPING: Final = frozenset(
    {
        *("postgres", "redis", "mysql", "mariadb", "mongo", "rabbitmq", "cassandra", "couchdb", "neo4j"),
        *("ghost", "zookeeper", "percona", "valkey", "influxdb", "nats", "telegraf", "consul", "vault"),
    }
)
"""Images whose entry point starts as root and gives its rights up at once."""
_SYSTEM: Final = {
    Distro.DEBIAN: {"nobody": 65534, "www-data": 33},
    Distro.UBUNTU: {"nobody": 65534, "www-data": 33},
    Distro.ALPINE: {"nobody": 65534},
}
DROPPERS: Final = frozenset({"gosu", "su-exec", "setpriv", "runuser", "s6-setuidgid", "chroot", "setuidgid"})
"""Programs with which an entry point gives up root."""


def starting_user(base: BaseName | None) -> str | None:
    """The user that an image starts with, as far as its name tells it; None if it does not."""
    if base is None:
        return None
    name, tag = base.name.lower(), (base.tag or "").lower()
    if base.distro is Distro.WINDOWS:
        return None
    if base.distro is Distro.DISTROLESS:
        return "65532" if "nonroot" in tag or "nonroot" in name else "root"
    if name.startswith("mcr.microsoft.com/dotnet/"):
        return "1654" if "chiseled" in tag or "distroless" in tag else "root"
    if base.short in ("ubi", "ubi-minimal", "ubi-micro", "ubi-init", "wolfi-base"):
        return "root"
    known = base.distro is not Distro.UNKNOWN or base.repository in _OFFICIAL
    if known and base.registry == "docker.io" and "/" not in base.repository:
        return _NOT_ROOT.get(base.repository, "root")
    return None


def drops_rights(base: BaseName | None) -> bool:
    """Whether the image's own entry point gives up root."""
    return base is not None and base.short in _DROPPING


def user_at(node: Instruction, build: Build) -> str | None:
    """The user, without group, that runs an instruction; None if that is not known."""
    stage = build.stage_of(node)
    if stage is None:
        return None
    if _set_before(stage, node):
        user = build.state(node).user
        return None if user is None else user.partition(":")[0].strip()
    return starting_user(stage.root.base)


def _set_before(stage: Stage, node: Instruction) -> bool:
    """Whether a USER of the stage or its parents comes before an instruction."""
    if stage.parent is not None and stage.parent.effective("USER") is not None:
        return True
    return any(item.keyword == "USER" and item.index < node.index for item in stage.instructions)


def is_root(user: str | None) -> bool:
    """Whether a user is known to be root."""
    return user in ("root", "0")


def lineage(stage: Stage) -> list[Stage]:
    """A stage and those it is built on, the lowest first."""
    return [*([] if stage.parent is None else lineage(stage.parent)), stage]


def base_users(stage: Stage) -> dict[str, int]:
    """Users that the base of a stage is known to have, but root, with their numbers; those of the system
    differ between distributions (`bin` is 1 here and 2 there)."""
    base = stage.root.base
    if base is None:
        return {}
    everywhere = parse_base("scratch").users
    own = {name: number for name, number in base.users.items() if name not in everywhere}
    if stage.distro is Distro.ALPINE:
        own.pop("postgres", None)  # 70 there, not 999
    return _SYSTEM.get(stage.distro, {}) | own


def created_users(stage: Stage, context: Context) -> dict[str, int | None]:
    """Users that RUN of a stage and its parents creates, and those its base is known to have, with their
    numbers (None where `useradd` takes the next free one)."""
    found: dict[str, int | None] = {**base_users(stage)}
    for member in lineage(stage):
        for command in context.build.runs(member):
            if command.name in ("useradd", "adduser"):
                found |= _created(command)
            elif command.name == "usermod" and (number := _number(command, "-u", "--uid")) is not None:
                found |= {arg.text: number for arg in command.operands("-u", "--uid", *_VALUES)[-1:]}
    return found


_VALUES: Final = (
    *("-u", "--uid", "-g", "--gid", "-G", "--groups", "-d", "--home", "--home-dir", "-h", "-s", "--shell"),
    *("-c", "--comment", "--gecos", "--ingroup", "-p", "--password", "-k", "-K", "-b", "-e", "-f", "--conf"),
)


def _created(command: Command) -> dict[str, int | None]:
    names = [arg.value for arg in command.operands(*_VALUES) if arg.value]
    number = _number(command, "-u", "--uid")
    if command.name == "useradd" and names:
        return {names[-1]: number}
    # adduser USER GROUP puts an existing user into a group.
    return {names[0]: number} if len(names) == 1 or (names and number is not None) else {}


def _number(command: Command, *options: str) -> int | None:
    arg = command.option_value(*options)
    return int(arg.text) if arg is not None and arg.text.isdecimal() else None
