"""`jettison harden`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from jettison.cli import running
from jettison.cli.options import RunOptions, output
from jettison.cli.options import running as run_options
from jettison.harden.job import Job, harden
from jettison.harden.names import service_name
from jettison.report.hardening.folder import check_folder, write_folder
from jettison.report.hardening.pages import markdown, page
from jettison.report.hardening.screen import summary
from jettison.report.terminal import Progress, stdout
from jettison.stores.open import open_image


@click.command("harden")
@click.argument("image")
@click.option(
    "--output",
    "-o",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the files go (default jettison-out/NAME).",
)
@click.option(
    "--evidence",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE",
    help="Decide from this recorded evidence; with that of an earlier harden the files come out the same.",
)
@click.option("--force", is_flag=True, help="Replace files in DIR that are not jettison's.")
@run_options
@output
def command(
    image: str,
    folder: Path | None,
    evidence: tuple[Path, ...],
    force: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Make security profiles, limits, probes and manifests for IMAGE, and prove that it runs under them.

    IMAGE is observed under the workload. What it needs becomes a seccomp list, capabilities, a user, a
    read-only root with the folders it writes, limits, probes; then the same workload is replayed under all
    of it at once. What fails is relaxed as little as possible and reported.

    \b
    jettison harden myapp:1.0
    jettison harden myapp:1.0 --host-exec ./smoke-test.sh --output deploy/
    jettison harden myapp:1.0-slim --evidence deploy/evidence.json --output deploy/

    Written are compose.yaml, kubernetes.yaml, a Podman unit, seccomp.json, an AppArmor profile,
    evidence.json, report.json and the scorecard as report.html and report.md.

    Exit codes: 0 written and proven, 1 a proof failed, 6 the original itself does not work.
    """
    run = RunOptions.take(options)
    progress = Progress(quiet=quiet)
    target = folder or Path("jettison-out") / service_name(image)
    check_folder(target, force=force)
    with running.journal(progress) as journal, running.dependencies(run, journal, progress) as overrides:
        job = Job(
            image=open_image(image, platform=run.platform, moved=progress.moved),
            overrides=overrides,
            drive=running.drive(run),
            evidence=running.read_evidence(evidence),
        )
        made = harden(job, journal, progress)
    files = {
        **made.files,
        "report.md": markdown(made.report).encode(),
        "report.html": page(made.report).encode(),
    }
    report = write_folder(target, files, made.report)
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        stdout().print(summary(report, folder=str(target)))
    return 0 if report.proven else 1
