"""`jettison diff`."""

from __future__ import annotations

import difflib

import click

from jettison.errors import UsageError
from jettison.inspect.compare import Side, compare
from jettison.inspect.scan import Options, inspect_image
from jettison.layers.entry import Kind
from jettison.layers.path import encode_path, printable
from jettison.report.inspection import changes
from jettison.report.inspection import markdown as as_markdown
from jettison.report.terminal import Progress, stdout
from jettison.stores.open import open_image


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--platform", metavar="OS/ARCH", help="Which image of a multi-platform index.")
@click.option("--all", "everything", is_flag=True, help="Every change, not only those of one screen.")
@click.option("--file", "path", metavar="PATH", help="The lines that changed in one file.")
@click.option("--markdown", is_flag=True, help="Markdown for a pull request.")
@click.option("--json", "as_json", is_flag=True, help="The whole document on stdout.")
@click.option("--no-secrets", is_flag=True, help="Do not look for secrets.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
def command(
    before: str,
    after: str,
    platform: str | None,
    everything: bool,
    path: str | None,
    markdown: bool,
    as_json: bool,
    no_secrets: bool,
    quiet: bool,
) -> int:
    """What changed from image A to image B: first why it grew, then packages, files, config, secrets.

    \b
    jettison diff myapp:1.0 myapp:1.1
    jettison diff myapp:1.0 myapp:1.0-slim --all
    jettison diff docker-archive:old.tar docker-archive:new.tar --markdown
    jettison diff myapp:1.0 myapp:1.1 --file /etc/nginx/nginx.conf
    """
    progress = Progress(quiet=quiet)
    sides = []
    for reference in (before, after):
        with progress.stage(f"inspect {reference}"):
            image = open_image(reference, platform=platform, moved=progress.moved)
            options = Options(secrets=not no_secrets, hardening=False, duplicates=False)
            sides.append(Side(image, inspect_image(image, options=options)))
    if path is not None:
        return _show_file(sides[0], sides[1], path)
    with progress.stage("compare"):
        found = compare(sides[0], sides[1])
    if as_json:
        click.echo(found.to_json(), nl=False)
    elif markdown:
        click.echo(as_markdown.comparison(found), nl=False)
    else:
        stdout().print(changes.screen(found, everything=everything))
    return 0


def _show_file(before: Side, after: Side, path: str) -> int:
    """The changed lines of one file, links followed, as `diff -u` prints them."""
    texts = [_lines(side, path) for side in (before, after)]
    names = [f"{side.image.reference}/{path.lstrip('/')}" for side in (before, after)]
    for line in difflib.unified_diff(texts[0], texts[1], names[0], names[1], lineterm=""):
        click.echo(printable(line))
    return 0


def _lines(side: Side, path: str) -> list[str]:
    node = side.tree.resolve(path.encode(errors="surrogateescape")).node
    if node is None or node.kind is not Kind.FILE:
        return []
    content = side.tree.read(node)
    if b"\0" in content[:8192]:
        raise UsageError(f"{encode_path(node.path)} is not a text")
    return content.decode(errors="replace").splitlines()
