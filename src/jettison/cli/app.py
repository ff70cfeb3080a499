"""The `jettison` command: finds the sub-command, maps errors and signals to exit codes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

import jettison
from jettison.cli import settings
from jettison.errors import JettisonError
from jettison.report import terminal


@dataclass(frozen=True, slots=True)
class _Command:
    module: str
    summary: str


COMMANDS = {
    "slim": _Command("jettison.cli.slim", "Make a smaller image, prove that it works, publish it."),
    "observe": _Command("jettison.cli.observe", "Run an image once and record what it needs."),
    "verify": _Command("jettison.cli.verify", "Replay a workload on two images and report differences."),
    "why": _Command("jettison.cli.why", "Why a path was kept or dropped."),
    "inspect": _Command("jettison.cli.inspect", "What is in an image, what it wastes and leaks."),
    "diff": _Command("jettison.cli.diff", "What changed between two images."),
    "lint": _Command("jettison.cli.lint", "Check Dockerfiles and their context; fix what is safe."),
    "harden": _Command(
        "jettison.cli.harden", "Security profiles, limits, probes and manifests, proven to work."
    ),
    "copy": _Command("jettison.cli.copy", "Copy an image between any two places."),
    "cache": _Command("jettison.cli.cache", "What is kept to be faster next time; remove it."),
    "doctor": _Command(
        "jettison.cli.doctor", "What this host offers, what to install, what was left behind."
    ),
    "completion": _Command("jettison.cli.completion", "Print the shell completion script."),
}
"""Every command and the module that has it as `command`, imported only when used: start-up stays fast."""


class Signalled(BaseException):
    """A signal asked the program to end; a BaseException, so that no handler of errors swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, imported."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(entry.module).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuses an unknown name with the closest known one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            hint = settings.did_you_mean(args[0], COMMANDS)
            ctx.fail(f"no such command: {args[0]!r}." + (f" Did you mean {hint!r}?" if hint else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, from the table: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done and verified, 1 the result did not pass, 2 usage, 3 refused, 4 this host, "
    "5 network or engine, 6 the application itself did not work, 70 internal error.",
)
@click.version_option(jettison.__version__, "-V", "--version", prog_name="jettison")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file (default: jettison.toml in this folder).",
)
@click.pass_context
def group(ctx: click.Context, config_file: Path | None) -> None:
    """Throw overboard what your container does not need, and prove that it still sails.

    \b
    jettison slim myapp:1.0                     smaller image myapp:1.0-slim, verified by replay
    jettison slim myapp:1.0 --host-exec ./smoke-test.sh
    jettison why report/ /usr/bin/perl          why a path was kept or dropped
    jettison doctor                             what this host offers
    """
    ctx.default_map = settings.load(config_file)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with the code of the contract (DESIGN, "Exit codes")."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    code = run(sys.argv[1:] if argv is None else argv)
    _close_output()
    sys.exit(code)


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; every error is presented on stderr."""
    try:
        result: Any = group.main(list(argv), prog_name="jettison", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except JettisonError as error:
        terminal.show_error(error)
        return error.exit_code
    except Signalled as stop:
        terminal.show_line(f"stopped by {stop}; cleaned up, nothing was published")
        return 128 + stop.number
    except (KeyboardInterrupt, click.Abort):
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except Exception as error:
        terminal.show_crash(error, _keep_traceback(error))
        return JettisonError.exit_code
    return result if isinstance(result, int) else 0


def _on_signal(number: int, _frame: FrameType | None) -> None:
    # Cleaning up must not be cut short by an impatient second Ctrl-C: what is left would stay mounted.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Signalled(number)


def _keep_traceback(error: BaseException) -> Path:
    handle, name = tempfile.mkstemp(prefix="jettison-crash-", suffix=".txt")
    with os.fdopen(handle, "w") as out:
        out.write(f"jettison {jettison.__version__}, Python {sys.version}\n")
        traceback.print_exception(error, file=out)
    return Path(name)


def _close_output() -> None:
    """Flush stdout; a reader that went away is no error of ours."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
