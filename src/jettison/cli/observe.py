"""`jettison observe`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jettison.cli import running
from jettison.cli.options import RunOptions, output
from jettison.cli.options import running as run_options
from jettison.observe.files import encode
from jettison.observe.merge import merge
from jettison.report.files import write_whole
from jettison.report.observed import observed
from jettison.report.terminal import Progress, stdout
from jettison.slim.baseline import observe_once
from jettison.stores.open import open_image


@click.command("observe")
@click.argument("image")
@click.option(
    "--output",
    "-o",
    "outputs",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the evidence here.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write evidence.json here.",
)
@click.option(
    "--evidence",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
    help="Merge with this earlier observation.",
)
@run_options
@output
def command(
    image: str,
    outputs: Path | None,
    report: Path | None,
    evidence: tuple[Path, ...],
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Run IMAGE once under the workload and record what it needs.

    The evidence says which files, programs and sockets the application used, and when. Several observations
    merge, so that each can exercise another part of the application; `jettison slim --evidence` decides
    from them.

    \b
    jettison observe myapp:1.0 --host-exec ./smoke-test.sh -o evidence.json
    jettison observe myapp:1.0 --http /admin --evidence evidence.json -o evidence.json
    """
    run = RunOptions.take(options)
    progress = Progress(quiet=quiet)
    folder = running.report_folder(report)
    earlier = running.read_evidence(evidence)
    with running.journal(progress) as journal, running.dependencies(run, journal, progress) as overrides:
        found = observe_once(
            open_image(image, platform=run.platform, moved=progress.moved),
            overrides,
            running.drive(run),
            journal,
            progress,
        )
    for other in earlier:
        found = merge(other, found)
    if outputs is not None:
        write_whole(outputs, encode(found))
    if folder is not None:
        write_whole(folder / "evidence.json", encode(found))
    if as_json:
        click.echo(encode(found))
    else:
        stdout().print(observed(found))
    return 0
