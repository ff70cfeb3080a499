"""`jettison copy`."""

from __future__ import annotations

import click

from jettison.report.terminal import Progress, stdout
from jettison.stores.copy import copy_image


@click.command("copy")
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DST")
@click.option("--platform", metavar="OS/ARCH", help="Which image of a multi-platform index.")
@click.option("--force", is_flag=True, help="Replace what is already there.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
def command(source: str, destination: str, platform: str | None, force: bool, quiet: bool) -> int:
    """Copy an image from SRC to DST, layers and config byte for byte, every digest verified.

    An index of several platforms is copied whole between registries, layouts and OCI archives; --platform
    takes one image out of it.

    \b
    jettison copy docker-daemon:myapp:1.0 oci:build/app:1.0
    jettison copy docker-archive:app.tar docker-daemon:myapp:1.0
    jettison copy docker://registry.example/team/app:1.0 oci:build/app:1.0
    """
    progress = Progress(quiet=quiet)
    with progress.stage("copy"):
        done = copy_image(source, destination, platform=platform, replace=force, moved=progress.moved)
    stdout().print(f"{done.reference} [dim]{done.digest}[/dim]")
    return 0
