"""Options that the commands which run an image have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from jettison.cli.explain import explain

F = TypeVar("F", bound=Callable[..., Any])

_RUNNING: tuple[Callable[[F], F], ...] = (
    click.option(
        "--http",
        multiple=True,
        metavar="'[METHOD ]PATH'",
        help="Request to make; 'POST /api {\"a\":1}'.",
    ),
    click.option(
        "--crawl/--no-crawl", default=True, show_default=True, help="Follow links and assets from /."
    ),
    click.option("--openapi", metavar="PATH|FILE", help="Call every operation of this OpenAPI document."),
    click.option("--exec", "exec_", multiple=True, metavar="CMD", help="Command to run in the container."),
    click.option(
        "--host-exec",
        multiple=True,
        metavar="CMD",
        help="Command to run on this host in the container's network, with JETTISON_URL, JETTISON_HOST and "
        "JETTISON_PORT set: your own smoke test.",
    ),
    click.option(
        "--env", "-e", multiple=True, metavar="K[=V]", help="Environment variable of the application."
    ),
    click.option("--env-file", multiple=True, type=click.Path(path_type=Path), help="File of K=V lines."),
    click.option(
        "--mount",
        "-v",
        multiple=True,
        metavar="SRC:DST[:ro]",
        help="Host folder or file to show in the container; what is written there never reaches the host.",
    ),
    click.option("--user", "-u", metavar="USER[:GROUP]", help="Run as this user."),
    click.option("--entrypoint", metavar="CMD", help="Replace the image's entrypoint."),
    click.option("--cmd", metavar="ARGS", help="Replace the image's command, split as a shell does."),
    click.option(
        "--network",
        metavar="NET",
        help="none (own, loopback only; the default), host, container:NAME or a PATH.",
    ),
    click.option(
        "--compose",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Run it as the service --service of this compose file, with the other services up beside it.",
    ),
    click.option("--service", metavar="NAME", help="Which service of --compose the image is."),
    click.option(
        "--stop-timeout", type=float, metavar="SECONDS", help="Grace between the stop signal and SIGKILL."
    ),
    click.option(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="How long to become ready; for batch jobs, to finish.",
    ),
    click.option("--platform", metavar="OS/ARCH", help="Which image of a multi-platform index."),
)
_KEEPING: tuple[Callable[[F], F], ...] = (
    click.option(
        "--keep",
        type=click.Choice(["observed", "balanced", "packages"]),
        default="balanced",
        show_default=True,
        help="What the run touched; that and the closure of the application's code; or whole packages.",
    ),
    click.option(
        "--explain",
        type=click.Choice(["observed", "balanced", "packages"]),
        is_eager=True,
        expose_value=False,
        callback=explain,
        help="Print what a policy keeps, why and at what cost, and stop.",
    ),
    click.option(
        "--shell/--no-shell", default=None, help="Keep a shell and core utilities, or none for its own sake."
    ),
    click.option(
        "--include", multiple=True, metavar="GLOB", help="Keep these paths too, with what they need."
    ),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Drop these paths whatever asks for them."),
)
_OUTPUT: tuple[Callable[[F], F], ...] = (
    click.option("--json", "as_json", is_flag=True, help="Print the report as JSON on stdout."),
    click.option("--quiet", "-q", is_flag=True, help="No progress on stderr."),
)


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The values of the options of `running`, as the user gave them."""

    http: tuple[str, ...]
    crawl: bool
    openapi: str | None
    exec_: tuple[str, ...]
    host_exec: tuple[str, ...]
    env: tuple[str, ...]
    env_file: tuple[Path, ...]
    mount: tuple[str, ...]
    user: str | None
    entrypoint: str | None
    cmd: str | None
    network: str | None
    compose: Path | None
    service: str | None
    stop_timeout: float | None
    timeout: float | None
    platform: str | None

    @classmethod
    def take(cls, values: dict[str, Any]) -> RunOptions:
        """Moves the options of `running` out of a command's keyword arguments."""
        return cls(**{name: values.pop(name) for name in cls.__dataclass_fields__})


def _stack(options: tuple[Callable[[F], F], ...]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


running = _stack(_RUNNING)
"""Options of what is run and of the workload that drives it."""
keeping = _stack(_KEEPING)
"""Options of what stays."""
output = _stack(_OUTPUT)
"""Options of what is printed."""
