"""`jettison verify`."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from jettison.cli import running
from jettison.cli.options import RunOptions, output
from jettison.cli.options import running as run_options
from jettison.report.summary import differences
from jettison.report.terminal import Progress, stdout
from jettison.slim.check import verify
from jettison.stores.open import open_image


@click.command("verify")
@click.argument("original")
@click.argument("candidate")
@run_options
@output
def command(original: str, candidate: str, as_json: bool, quiet: bool, **options: Any) -> int:
    """Replay the same workload on ORIGINAL and CANDIDATE and report what differs.

    The original runs twice, so that what it answers differently by itself (times, ids, ports) is no
    difference. Works for any two images: a slim one, a rebuilt one, one with a new base.

    \b
    jettison verify myapp:1.0 myapp:1.0-slim --host-exec ./smoke-test.sh
    jettison verify myapp:1.0 myapp:1.1 --http /api/items --json

    Exit codes: 0 same answers, 1 differences, 6 the original itself does not work.
    """
    run = RunOptions.take(options)
    progress = Progress(quiet=quiet)
    with running.journal(progress) as journal, running.dependencies(run, journal, progress) as overrides:
        result = verify(
            open_image(original, platform=run.platform, moved=progress.moved),
            open_image(candidate, platform=run.platform, moved=progress.moved),
            overrides,
            running.drive(run),
            journal,
            progress,
        )
    if as_json:
        click.echo(msgspec.json.encode(result))
    else:
        stdout().print(differences(result))
    return 0 if result.passed else 1
