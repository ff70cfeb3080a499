"""`jettison inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from jettison.inspect.base import Candidate
from jettison.inspect.scan import Options, inspect_image
from jettison.report.files import write_whole
from jettison.report.inspection import html, screen
from jettison.report.terminal import Progress, stdout
from jettison.stores.open import open_image


@click.command("inspect")
@click.argument("image")
@click.option(
    "--base",
    "bases",
    multiple=True,
    metavar="REF",
    help="An image that may be the base; tells yours from its.",
)
@click.option("--platform", metavar="OS/ARCH", help="Which image of a multi-platform index.")
@click.option("--layers", is_flag=True, help="Every layer with all figures.")
@click.option("--waste", is_flag=True, help="Every waste with its cause and its remedy.")
@click.option("--security", is_flag=True, help="Every finding, user, privileged program and certificate.")
@click.option("--packages", is_flag=True, help="Every package, largest first.")
@click.option("--history", is_flag=True, help="The Dockerfile, as far as the history tells.")
@click.option("--problems", is_flag=True, help="What could not be read.")
@click.option("--json", "as_json", is_flag=True, help="The whole document on stdout.")
@click.option(
    "--html",
    "page_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="One page for a browser, with every file of every layer; needs no network.",
)
@click.option("--no-secrets", is_flag=True, help="Do not look for secrets.")
@click.option("--no-packages", is_flag=True, help="Do not read package databases.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
def command(
    image: str,
    bases: tuple[str, ...],
    platform: str | None,
    as_json: bool,
    page_file: Path | None,
    quiet: bool,
    **chosen: bool,
) -> int:
    """What is in IMAGE, what it wastes and why, what it leaks.

    \b
    jettison inspect myapp:1.0
    jettison inspect myapp:1.0 --base python:3.11-slim --waste
    jettison inspect oci:build/app:1.0 --json
    jettison inspect myapp:1.0 --html myapp.html
    """
    progress = Progress(quiet=quiet)
    options = Options(secrets=not chosen["no_secrets"], packages=not chosen["no_packages"])
    with progress.stage("inspect"):
        candidates = [_candidate(base, platform) for base in bases]
        result = inspect_image(open_image(image, platform=platform), candidates=candidates, options=options)
    if page_file:
        with progress.stage("page"):
            write_whole(page_file, html.page(result))
    if as_json:
        click.echo(result.document.to_json(), nl=False)
        return 0
    views = [view for name, view in screen.VIEWS.items() if chosen[name]] or [screen.summary]
    for view in views:
        stdout().print(view(result.document))
    return 0


def _candidate(reference: str, platform: str | None) -> Candidate:
    return Candidate(reference, open_image(reference, platform=platform).config.diff_ids)
