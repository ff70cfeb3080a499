"""`jettison completion`: the shell completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from jettison.cli import app


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    jettison completion bash > /etc/bash_completion.d/jettison
    jettison completion zsh > "${fpath[1]}/_jettison"
    jettison completion fish > ~/.config/fish/completions/jettison.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(app.group, {}, "jettison", "_JETTISON_COMPLETE").source())
