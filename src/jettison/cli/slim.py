"""`jettison slim`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from jettison.cli import running
from jettison.cli.options import RunOptions, keeping, output
from jettison.cli.options import running as run_options
from jettison.keep.policy import Policy
from jettison.layers.stream import Compression
from jettison.report.terminal import Progress, stdout
from jettison.slim.job import slim
from jettison.slim.plan import Job, Wanted
from jettison.stores.open import open_image

if TYPE_CHECKING:
    from jettison.slim.finish import Slimmed


@click.command("slim")
@click.argument("image")
@click.option(
    "--output",
    "-o",
    "outputs",
    multiple=True,
    metavar="REF",
    help="Where it goes (default NAME:TAG-slim beside it).",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the reports here.",
)
@click.option(
    "--evidence",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
    help="Decide from this recorded observation instead of observing now.",
)
@click.option(
    "--force", is_flag=True, help="Publish although verification failed, and over images of other origin."
)
@click.option(
    "--layers",
    type=click.Choice(["one", "split"]),
    default="one",
    show_default=True,
    help="One layer, or one each for system, dependencies and application, so that new code ships alone.",
)
@click.option(
    "--compression",
    type=click.Choice(["gzip", "zstd", "none"]),
    default="gzip",
    show_default=True,
    help="Of the layer, where the destination keeps layers compressed.",
)
@keeping
@run_options
@output
def command(
    image: str,
    outputs: tuple[str, ...],
    report: Path | None,
    evidence: tuple[Path, ...],
    force: bool,
    layers: str,
    compression: str,
    keep: str,
    shell: bool | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Make a smaller image of IMAGE, prove by replay that it works, and publish it.

    The original is run twice under the workload and observed; what it needs is written as a new image; the
    same workload is replayed on that. Only what answers as the original does is published.

    \b
    jettison slim myapp:1.0
    jettison slim myapp:1.0 --http 'GET /api/items' --http 'POST /api/items {"name":"rope"}'
    jettison slim myapp:1.0 --host-exec ./smoke-test.sh --report report/
    jettison slim oci:build/app:1.0 --output oci:build/app:1.0-slim --keep observed
    jettison slim etl:2 --mount ./samples:/data --cmd '/data/in.csv /data/out.json'

    Exit codes: 0 published, 1 the candidate answers otherwise (nothing published), 6 the original itself
    does not work.
    """
    run = RunOptions.take(options)
    progress = Progress(quiet=quiet)
    folder = running.report_folder(report)
    with running.journal(progress) as journal, running.dependencies(run, journal, progress) as overrides:
        job = Job(
            image=open_image(image, platform=run.platform, moved=progress.moved),
            overrides=overrides,
            drive=running.drive(run),
            wanted=Wanted(policy=Policy(keep), shell=shell, include=include, exclude=exclude),
            evidence=running.read_evidence(evidence),
            outputs=outputs,
            force=force,
            split=layers == "split",
            compression=Compression(compression),
        )
        made = slim(job, journal, progress)
    _deliver(job, made, folder, as_json=as_json)
    return 0 if made.report.verification.passed else 1


def _deliver(job: Job, made: Slimmed, folder: Path | None, *, as_json: bool) -> None:
    """Write the documents, and print what came out."""
    # What is only needed in the end is not loaded before the application starts.
    from jettison.report.files import write_report, write_whole
    from jettison.report.summary import summary
    from jettison.slim.attached import attach_documents, in_registries
    from jettison.slim.documents import documents

    pushed = in_registries(made.report.published)
    made_documents = documents(job, made) if pushed or folder is not None else {}
    if folder is not None:
        for name, content in made_documents.items():
            write_whole(folder / name, content)
        write_report(made.report, folder / "report.json")
    if as_json:
        click.echo(msgspec.json.encode(made.report))
    else:
        stdout().print(summary(made.report, report_folder=None if folder is None else str(folder)))
    attach_documents(pushed, made_documents)
