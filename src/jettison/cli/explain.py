"""`--explain`: what a policy keeps, in the words of its rules."""

from __future__ import annotations

import sys

import click

from jettison.keep.policy import Policy


def explain(ctx: click.Context, _parameter: click.Parameter, policy: str | None) -> None:
    """Print the text of every rule of `policy`, and end the command."""
    if policy is None:
        return
    from jettison.keep.policies import rules_of  # all rules: not for every start of the program

    for rule in rules_of(Policy(policy), shell=None):
        text = sys.modules[type(rule).__module__].__doc__ or ""
        click.echo(f"{rule.name}\n{'-' * len(rule.name)}\n{text.strip()}\n")
    ctx.exit()
