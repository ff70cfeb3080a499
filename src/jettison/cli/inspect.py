"""`jettison inspect`."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from jettison.cli import settings
from jettison.errors import HostError, UsageError
from jettison.image.model import Image
from jettison.inspect import budget
from jettison.inspect.base import Candidate
from jettison.inspect.scan import Options, Result, inspect_image
from jettison.report.inspection import screen
from jettison.report.terminal import Progress, show_line, stdout
from jettison.stores.open import open_image

if TYPE_CHECKING:
    from jettison.inspect.compare import Comparison


@click.command("inspect")
@click.argument("image")
@click.option(
    "--base",
    "bases",
    multiple=True,
    metavar="REF",
    help="An image that may be the base; tells yours from its.",
)
@click.option("--baseline", metavar="REF", help="An older image, for the limits of growth in [budget].")
@click.option(
    "--vulnerabilities",
    "database",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True),
    help="Known vulnerabilities: an OSV dump (zip, JSON, folder), Debian's tracker, grype's SQLite.",
)
@click.option("--platform", metavar="OS/ARCH", help="Which image of a multi-platform index.")
@click.option("--layers", is_flag=True, help="Every layer with all figures.")
@click.option("--waste", is_flag=True, help="Every waste with its cause and its remedy.")
@click.option("--security", is_flag=True, help="Every finding, user, privileged program and certificate.")
@click.option("--packages", is_flag=True, help="Every package, largest first.")
@click.option("--history", is_flag=True, help="The Dockerfile, as far as the history tells.")
@click.option("--problems", is_flag=True, help="What could not be read.")
@click.option("--json", "as_json", is_flag=True, help="The whole document on stdout.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Markdown for a pull request, on stdout.")
@click.option("--tui", is_flag=True, help="Walk through it on the whole terminal (needs the extra tui).")
@click.option("--html", metavar="FILE", help="One page for a browser, with every file of every layer.")
@click.option("--sarif", metavar="FILE", help="The findings for code scanning (SARIF 2.1.0).")
@click.option("--junit", metavar="FILE", help="Limits and findings as test cases (JUnit XML).")
@click.option("--cyclonedx", metavar="FILE", help="The packages as a CycloneDX 1.6 bill of materials.")
@click.option("--spdx", metavar="FILE", help="The packages as an SPDX 2.3 bill of materials.")
@click.option("--no-secrets", is_flag=True, help="Do not look for secrets.")
@click.option("--no-packages", is_flag=True, help="Do not read package databases.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
def command(
    image: str,
    bases: tuple[str, ...],
    baseline: str | None,
    database: Path | None,
    platform: str | None,
    as_json: bool,
    as_markdown: bool,
    quiet: bool,
    **chosen: bool | str | None,
) -> int:
    """What is in IMAGE, what it wastes and why, what it leaks.

    \b
    jettison inspect myapp:1.0
    jettison inspect myapp:1.0 --base python:3.11-slim --waste
    jettison inspect myapp:1.0 --html myapp.html
    jettison inspect oci:build/app:1.0 --json
    jettison inspect myapp:1.1 --baseline myapp:1.0 --sarif out.sarif --junit out.xml

    With a table [budget] in jettison.toml, the exit code is 1 if a limit does not hold.
    """
    progress = Progress(quiet=quiet)
    ctx = click.get_current_context()
    limits = settings.budget(ctx.parent.params.get("config_file") if ctx.parent else None)
    if chosen["tui"]:
        _require_textual()
    options = Options(secrets=not chosen["no_secrets"], packages=not chosen["no_packages"])
    if database and not options.packages:
        raise UsageError("--vulnerabilities needs the packages", hint="leave --no-packages out")
    with progress.stage("inspect"):
        candidates = [_candidate(base, platform) for base in bases]
        opened = open_image(image, platform=platform, moved=progress.moved)
        result = inspect_image(opened, candidates=candidates, options=options)
    if database and result.inventory:
        with progress.stage("vulnerabilities"):
            from jettison.inspect.vulnerabilities import assess

            known = assess(result.inventory, database)
            document = msgspec.structs.replace(result.document, vulnerabilities=known)
            result = replace(result, document=document)
    verdicts: tuple[budget.Verdict, ...] = ()
    if limits:
        older = _comparison(baseline, platform, (opened, result), options) if baseline else None
        document = budget.excused(result.document, limits, datetime.datetime.now(datetime.UTC).date())
        result = replace(result, document=document)
        verdicts = budget.judge(document, limits, older)
    _write_files(opened, result, verdicts, chosen)
    if chosen["tui"]:
        _walk(result)
    elif as_json:
        click.echo(result.document.to_json(), nl=False)
        for verdict in verdicts:
            if not verdict.passed:
                show_line(f"budget {verdict.text}")
    elif as_markdown:
        from jettison.report.inspection import markdown

        click.echo(markdown.inspection(result.document, verdicts), nl=False)
    else:
        views = [view for name, view in screen.VIEWS.items() if chosen[name]] or [screen.summary]
        for view in views:
            stdout().print(view(result.document))
        for line in screen.verdicts(verdicts):
            stdout().print(line)
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _require_textual() -> None:
    """Raises `HostError` before any work is done for nothing, `UsageError` where there is no terminal."""
    if find_spec("textual") is None:
        raise HostError("--tui needs textual", hint="pip install 'jettison[tui]', or use --html FILE")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--tui needs a terminal", hint="use --html FILE or --json")


def _walk(result: Result) -> None:
    from jettison.report.inspection.tui import InspectionApp  # of an extra

    InspectionApp(result).run()


def _candidate(reference: str, platform: str | None) -> Candidate:
    return Candidate(reference, open_image(reference, platform=platform).config.diff_ids)


def _comparison(
    reference: str, platform: str | None, after: tuple[Image, Result], options: Options
) -> Comparison:
    from jettison.inspect.compare import Side, compare

    image = open_image(reference, platform=platform)
    before = inspect_image(image, options=replace(options, hardening=False))
    return compare(Side(image, before), Side(*after))


def _write_files(
    image: Image,
    result: Result,
    verdicts: Sequence[budget.Verdict],
    chosen: dict[str, bool | str | None],
) -> None:
    if not any(chosen[name] for name in ("html", "sarif", "junit", "cyclonedx", "spdx")):
        return
    from jettison.report.files import write_whole  # what is not asked for need not be loaded
    from jettison.report.inspection import bills, html, machine

    writers: dict[str, Callable[[], bytes]] = {
        "html": lambda: html.page(result),
        "sarif": lambda: machine.sarif(result.document),
        "junit": lambda: machine.junit(result.document, verdicts).encode(),
        "cyclonedx": lambda: bills.cyclonedx_of(image, result),
        "spdx": lambda: bills.spdx_of(image, result),
    }
    for name, write in writers.items():
        if chosen[name]:
            write_whole(Path(str(chosen[name])), write())
