"""`jettison lint`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import click

from jettison.errors import HostError, UsageError
from jettison.lint import baseline, config, files
from jettison.lint.config import Settings
from jettison.lint.files import Input
from jettison.lint.formats import NAMES, renderer, text
from jettison.lint.pins import Pins
from jettison.lint.projects import Target, targets
from jettison.lint.results import Results
from jettison.lint.rule import Rule
from jettison.lint.rules import all_rules, resolve, suggestions
from jettison.lint.run import Result, diff, run, write
from jettison.lint.testing import documentation
from jettison.report.terminal import show_line, stdout


@click.command("lint")
@click.argument("paths", nargs=-1, metavar="[PATH]…", type=click.Path(path_type=Path))
@click.option("--fix", "fixing", is_flag=True, help="Apply safe fixes, each proven to change nothing else.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: apply unsafe fixes too.")
@click.option("--diff", "show_diff", is_flag=True, help="Print what --fix would change; write nothing.")
@click.option("--select", multiple=True, metavar="RULE", help="Run only these rules, names or families.")
@click.option("--extend-select", multiple=True, metavar="RULE", help="Run these as well.")
@click.option("--ignore", multiple=True, metavar="RULE", help="Do not run these rules.")
@click.option("--preview", is_flag=True, help="Run new rules too.")
@click.option("--fail-on", metavar="SEVERITY", help="Least severity that fails: error … style, or never.")
@click.option(
    "--shellcheck/--no-shellcheck",
    default=None,
    help="Check scripts with ShellCheck; default: if installed.",
)
@click.option(
    "--baseline",
    "baseline_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Findings that are known; only others are reported.",
)
@click.option("--write-baseline", is_flag=True, help="Write all findings to the baseline, and report none.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="Leave out files below folders.")
@click.option("--build-arg", "build_args", multiple=True, metavar="K=V", help="A build argument.")
@click.option("--target", metavar="STAGE", help="The stage that is built; default the last.")
@click.option(
    "--compose",
    "projects",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Lint what a Compose file, or bake's JSON, builds: with its contexts, arguments and targets.",
)
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="jettison.toml or .hadolint.yaml."
)
@click.option(
    "--format", "formats", multiple=True, metavar="NAME[=FILE]", help=f"Repeatable: {', '.join(NAMES)}."
)
@click.option(
    "--pin", is_flag=True, help="Ask registries and servers for digests, so that --fix can pin by them."
)
@click.option(
    "--image", "built", metavar="REF", help="Say what findings cost in this image, built from the file."
)
@click.option("--stdin-filename", default="Dockerfile", help="Name for what is read from `-`.")
@click.option("--explain", metavar="RULE", help="Print the documentation of a rule.")
@click.option("--list-rules", is_flag=True, help="Print all rules.")
def command(
    paths: tuple[Path, ...],
    fixing: bool,
    unsafe_fixes: bool,
    show_diff: bool,
    config_file: Path | None,
    baseline_file: Path | None,
    write_baseline: bool,
    formats: tuple[str, ...],
    projects: tuple[Path, ...],
    built: str | None,
    stdin_filename: str,
    explain: str | None,
    list_rules: bool,
    **overrides: object,
) -> int:
    """Check Dockerfiles: exit code 0 when clean, 1 with findings, 2 for a mistake in the call or
    configuration.

    \b
    jettison lint                    everything below this folder
    jettison lint --fix Dockerfile   repair what is safe
    jettison lint --explain DL3014   what a rule means, by any tool's name
    jettison lint --pin --fix        pin base images and downloads by what they are now
    jettison lint --image app:1.0    the same, with what each finding costs in the image
    """
    if explain is not None:
        return _explain(explain)
    if list_rules:
        return _list_rules()
    settings = _Settings(config_file, overrides)
    formats = formats or (settings.base.output_format or "text",)
    for name in formats:
        renderer(name.partition("=")[0])
    gc.disable()  # what is read stays until the end, and looking for garbage in it takes a fifth of the time
    known = _Known(baseline_file or settings.base.baseline, writing=write_baseline)
    named = paths or (() if projects else (Path(),))
    bases = [target for project in projects for target in targets(project)]
    inputs = [*_inputs(named, settings.base, stdin_filename), *map(settings.take, bases)]
    result = run(
        inputs,
        settings,
        fixing=fixing or show_diff,
        unsafe=unsafe_fixes,
        results=Results(),
    )
    if show_diff:
        return _show_diff(result)
    if fixing:
        _write(result)
    known.take(result)
    if built is not None:
        _measure(result, built)
    _report(result, formats)
    return 1 if result.failed() else 0


def _measure(result: Result, reference: str) -> None:
    """Add what findings cost in an image."""
    from jettison.inspect.scan import Options, inspect_image  # what only this option needs
    from jettison.report.measured import measure
    from jettison.stores.open import open_image

    options = Options(secrets=False, packages=False, hardening=False, duplicates=False)
    measure(result.reports, inspect_image(open_image(reference), options=options).document)


class _Known:
    """The baseline, if there is one: read before the work starts, so that a mistake in it is told at once."""

    def __init__(self, path: Path | None, *, writing: bool) -> None:
        if writing and path is None:
            hint = "--baseline FILE, or `baseline` in jettison.toml"
            raise UsageError("--write-baseline needs to know the file", hint=hint)
        self._path = path
        self._writing = writing
        self._entries = baseline.load(path) if path is not None and not writing else {}

    def take(self, result: Result) -> None:
        """Take what is known out of the reports; when writing, that is all there is."""
        if self._path is None:
            return
        if self._writing:
            count = baseline.write(self._path, result.reports)
            show_line(f"{self._path}: {count} findings written")
            self._entries = baseline.load(self._path)
        if stale := baseline.apply(self._entries, self._path, result.reports):
            show_line(f"{self._path}: {stale} findings are gone; --write-baseline forgets them")


class _Settings:
    """The settings of each file: the configuration nearest to it, and the command line on top."""

    def __init__(self, config_file: Path | None, overrides: dict[str, object]) -> None:
        self._overrides = overrides
        self._fixed = None if config_file is None else self._merged(_load(config_file))
        self._built: dict[int, Target] = {}
        self._nearest = config.Nearest()
        self._cache: dict[int, Settings] = {}
        self.base = self._of_folder(Path())

    def __call__(self, item: Input) -> Settings:
        found = self._of_folder(Path() if item.folder is None else item.folder.folder)
        target = self._built.get(id(item))
        if target is None:
            return found
        args = {**found.build_args, **dict(target.args), **dict(_pairs(self._overrides))}
        return replace(found, build_args=args, target=found.target or target.target)

    def take(self, target: Target) -> Input:
        """Read the Dockerfile of a project's target; its settings will be those of the target."""
        item = files.read(target.dockerfile, target.context)
        self._built[id(item)] = target
        return item

    def _of_folder(self, folder: Path) -> Settings:
        if self._fixed is not None:
            return self._fixed
        found = self._nearest.of(folder.resolve())
        if id(found) not in self._cache:
            self._cache[id(found)] = self._merged(found)
        return self._cache[id(found)]

    def _merged(self, settings: Settings) -> Settings:
        given = self._overrides
        changes: dict[str, Any] = {}
        for name in ("select", "extend_select"):
            if names := given.get(name):
                changes[name] = config.codes(_texts(names), f"--{name.replace('_', '-')}")
        if ignored := _texts(given.get("ignore")):
            changes["ignore"] = config.codes(ignored, "--ignore")
            changes["ignored_shellcheck"] = config.shellcheck_codes(ignored)
        if given.get("preview"):
            changes["preview"] = True
        if given.get("pin"):
            changes["pins"] = _outside()
            changes["extend_select"] = changes.get("extend_select", frozenset()) | config.codes(
                ["base-without-digest"], "--pin"
            )
        if given.get("shellcheck") is not None:
            changes["shellcheck"] = given["shellcheck"]
        if given.get("fail_on"):
            changes["fail_on"] = config.threshold(given["fail_on"], "--fail-on")
        if given.get("target"):
            changes["target"] = given["target"]
        if pairs := _pairs(given):
            changes["build_args"] = dict(pairs)
        merged = config.merge(settings, changes)
        return replace(merged, exclude=(*merged.exclude, *_texts(given.get("exclude"))))


@cache
def _outside() -> Pins:
    from jettison.stores.pins import Outside  # an HTTP client, for this option alone

    return Outside(show_line)


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, tuple) else []


def _pairs(given: dict[str, object]) -> list[tuple[str, str]]:
    return [_pair(pair) for pair in _texts(given.get("build_args"))]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--build-arg {text}: expected NAME=VALUE")
    return name, value


def _load(path: Path) -> Settings:
    return config.load_hadolint(path) if path.suffix in (".yaml", ".yml") else config.load_toml(path)


def _inputs(paths: Sequence[Path], settings: Settings, stdin_filename: str) -> Iterator[Input]:
    for path in paths:
        if str(path) == "-":
            yield files.read_stream(sys.stdin.buffer, stdin_filename)
        else:
            yield from (files.read(found) for found in files.find([path], settings.exclude))


def _report(result: Result, formats: Sequence[str]) -> None:
    for item in formats:
        name, _, target = item.partition("=")
        if not target and name == "text":
            console = stdout()
            for line in text.lines(result.reports):
                console.print(line)
            continue
        document = renderer(name)(result.reports)
        if target:
            _save(Path(target), document)
        else:
            click.echo(document, nl=False)


def _save(path: Path, document: str) -> None:
    try:
        path.write_text(document, encoding="utf-8", errors="replace")
    except OSError as error:
        raise HostError(f"{path}: cannot be written: {error.strerror}") from None


def _show_diff(result: Result) -> int:
    changed = False
    for path, outcome in result.outcomes.items():
        if outcome.applied:
            changed = True
            click.echo("".join(diff(path, outcome.before.text, outcome.source.text)), nl=False)
    _show_refused(result)
    return 1 if changed else 0


def _write(result: Result) -> None:
    for path, outcome in result.outcomes.items():
        if outcome.applied:
            write(Path(path), outcome)
            show_line(f"{path}: {len(outcome.applied)} fixed")
    _show_refused(result)


def _show_refused(result: Result) -> None:
    for path, outcome in result.outcomes.items():
        for finding, reason in outcome.refused:
            line = outcome.source.position(finding.span.start).line
            show_line(f"{path}:{line}: fix of {finding.code} dropped: {reason}")


def _explain(name: str) -> int:
    rules = resolve(name)
    if not rules:
        close = suggestions(name)
        raise UsageError(f"unknown rule {name!r}", hint=f"did you mean {close[0]}?" if close else "")
    from rich.markdown import Markdown  # its parser takes longer to load than many files to lint

    for rule in rules:
        also = f"\n\nAlso known as {', '.join(rule.aliases)}." if rule.aliases else ""
        head = f"# {rule.name} ({rule.code}, {rule.severity.label})\n\n{_when(rule)}"
        stdout().print(Markdown(head + documentation(type(rule)) + also))
    return 0


def _when(rule: Rule) -> str:
    """When a rule runs that does not always run."""
    if rule.preview:
        return "A new rule, in preview: runs with `--preview`, `preview = true`, or if selected by name.\n\n"
    return "Optional: runs only if selected by name.\n\n" if rule.optional else ""


def _list_rules() -> int:
    from rich.table import Table

    table = Table("code", "name", "severity", "fix", "runs", "also known as", box=None)
    for rule in all_rules():
        fix = rule.fixable.value if rule.fixable else ""
        runs = "preview" if rule.preview else "if selected" if rule.optional else ""
        table.add_row(rule.code, rule.name, rule.severity.label, fix, runs, " ".join(rule.aliases))
    stdout().print(table)
    return 0
