"""Results of earlier runs count only as long as nothing they depend on has changed."""

from __future__ import annotations

import ast
import inspect
import shutil
from pathlib import Path

import msgspec
import pytest

from jettison.lint import results, run
from jettison.lint.config import Settings
from jettison.lint.engine import make_context
from jettison.lint.files import read
from jettison.lint.results import Results, code_digest
from jettison.lint.rule import Severity
from jettison.lint.run import Result
from jettison.lint.shellcheck import find_program

RULES = Path(inspect.getfile(run)).parent / "rules"
TEXT = 'FROM node:20.1\nCOPY . /app\nCOPY run.sh /run.sh\nRUN cd /app && npm ci\nENTRYPOINT ["/run.sh"]\n'
QUIET = Settings(shellcheck=False)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "jettison" / "lint"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a Dockerfile and what it copies."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(TEXT)
    (folder / "package.json").write_text("{}")
    (folder / "run.sh").write_text("#!/bin/sh\nexec node app.js\n")
    (folder / ".dockerignore").write_text(".git\n")
    return folder


class Lints:
    """Lints a project, and says how often rules had to look at it."""

    def __init__(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._project = project
        self.looks = 0
        real = run.lint

        def counted(*args: object, **options: object) -> object:
            self.looks += 1
            return real(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(run, "lint", counted)

    def __call__(self, settings: Settings = QUIET, *, kept: bool = True) -> Result:
        item = read(self._project / "Dockerfile")
        return run.run([item], lambda _: settings, results=Results() if kept else None)


@pytest.fixture
def lints(project: Path, monkeypatch: pytest.MonkeyPatch) -> Lints:
    """The project, linted once."""
    found = Lints(project, monkeypatch)
    found()
    assert found.looks == 1
    return found


def said(result: Result) -> list[object]:
    return [
        (report.path, report.source.text, report.findings, report.suppressed) for report in result.reports
    ]


def test_the_same_again_is_not_computed_again(lints: Lints) -> None:
    fresh = lints(kept=False)
    assert said(lints()) == said(fresh)
    assert fresh.reports[0].findings and lints.looks == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("Dockerfile", TEXT.replace("20.1", "20"), id="text"),
        pytest.param("Dockerfile", f"{TEXT}\n", id="a blank line"),
        pytest.param(".dockerignore", "run.sh\n", id="ignore file"),
        pytest.param("Dockerfile.dockerignore", ".git\n", id="another ignore file"),
        pytest.param("run.sh", "#!/bin/sh\nnode app.js\n", id="what a script holds"),
        pytest.param("run.sh", None, id="a source is gone"),
        pytest.param(".env", "TOKEN=1", id="a new file"),
    ],
)
def test_a_change_of_what_was_looked_at_counts(
    project: Path, lints: Lints, name: str, content: str | None
) -> None:
    """Each is something that a rule saw in the first run."""
    if content is None:
        (project / name).unlink()
    else:
        (project / name).write_text(content)
    assert said(lints()) == said(lints(kept=False))
    assert lints.looks == 3


def test_a_change_of_what_nobody_looked_at_does_not_count(project: Path, lints: Lints) -> None:
    (project.parent / "elsewhere").write_text("x")
    lints()
    assert lints.looks == 1


@pytest.mark.parametrize(
    "settings",
    [
        Settings(shellcheck=False, select=frozenset({"RUN101"})),
        Settings(shellcheck=False, extend_select=frozenset({"MET105"})),
        Settings(shellcheck=False, ignore=frozenset({"USR102"})),
        Settings(shellcheck=False, preview=True),
        Settings(shellcheck=False, severities={"USR102": Severity.ERROR}),
        Settings(shellcheck=False, per_file_ignores=(("**/Dockerfile", frozenset({"USR102"})),)),
        Settings(shellcheck=False, build_args={"A": "1"}),
        Settings(shellcheck=False, target="x"),
        Settings(shellcheck=False, inline_ignores=False),
        Settings(shellcheck=False, label_schema={"a": "text"}),
        Settings(shellcheck=False, trusted_registries=("example.org",)),
    ],
)
def test_other_settings_have_results_of_their_own(lints: Lints, settings: Settings) -> None:
    assert said(lints(settings)) == said(lints(settings, kept=False))
    assert lints.looks == 3


@pytest.mark.skipif(find_program() is None, reason="ShellCheck is not installed")
def test_shellcheck_is_part_of_a_result(lints: Lints, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it, without it, and with another one."""
    for _ in range(2):
        lints(Settings())
    assert lints.looks == 2
    monkeypatch.setattr(run.ShellCheck, "__init__", _other(run.ShellCheck.__init__))
    run._checker.cache_clear()
    lints(Settings())
    run._checker.cache_clear()
    assert lints.looks == 3


def _other(real: object) -> object:
    def init(self: object, program: Path) -> None:
        real(self, program)  # type: ignore[operator]
        self.identity += "2"  # type: ignore[attr-defined]

    return init


def test_new_code_has_results_of_its_own(
    tmp_path: Path, lints: Lints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade, or a rule that is being written."""
    copy = tmp_path / "lint"
    shutil.copytree(RULES.parent, copy)
    before = code_digest(copy, "1")
    assert before == code_digest(RULES.parent, "1") != code_digest(copy, "2")
    (copy / "rules" / "new.py").write_text("")
    changed = code_digest(copy, "1")
    (copy / "rules" / "new.py").write_text("x = 1")
    assert len({before, changed, code_digest(copy, "1")}) == 3
    monkeypatch.setattr(results, "_code", lambda: changed)
    lints()
    assert lints.looks == 2


def test_code_that_cannot_be_read_means_no_results(lints: Lints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_code", lambda: None)
    lints()
    lints()
    assert lints.looks == 3


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x93\x90\x90", b"[]", bytes(2000)])
def test_a_damaged_result_is_computed_again(cache: Path, lints: Lints, data: bytes) -> None:
    expected = said(lints(kept=False))
    (entry,) = cache.iterdir()
    entry.write_bytes(data)
    assert said(lints()) == expected == said(lints())
    assert lints.looks == 3


def test_a_result_of_another_form_is_computed_again(cache: Path, lints: Lints) -> None:
    """Whatever stands under its key."""
    (entry,) = cache.iterdir()
    for value in (1, [], [[], [[1]], []], None):
        known = msgspec.msgpack.decode(entry.read_bytes())
        entry.write_bytes(msgspec.msgpack.encode(dict.fromkeys(known, value)))
        lints()
    assert lints.looks == 5


def test_a_question_of_another_version_has_no_answer(project: Path) -> None:
    folder = read(project / "Dockerfile").folder
    assert folder is not None
    assert not folder.agrees([("weather", "", "fine")])


def test_a_script_that_shellcheck_gave_up_on_gets_another_chance(project: Path) -> None:
    item = read(project / "Dockerfile")
    context = make_context(item.source, QUIET, path=item.path)
    report = run.lint(context)
    key = Results().key(context, "")
    assert key is not None

    def remembered() -> bool:
        first = Results()
        first.keep(key, report)
        first.save()
        return Results().recall(key, context) is not None

    report.findings.append(run.Finding("SC0000", "", Severity.INFO, run.Span(0, 1), "gave up"))
    assert not remembered()
    report.findings.pop()
    assert remembered()


def test_the_least_recent_results_go_when_there_are_too_many(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run used stays before what it did not use."""
    item = read(project / "Dockerfile")
    context = make_context(item.source, QUIET, path=item.path)
    report = run.lint(context)
    monkeypatch.setattr(results, "MAX_BYTES", 20_000)

    def used(*keys: str) -> set[str]:
        now = Results()
        for key in keys:
            if now.recall(key, context) is None:
                now.keep(key, report)
        now.save()
        return {key for key in map(str, range(100)) if Results().recall(key, context) is not None}

    assert used("1", "2") == {"1", "2"}
    left = used("1", "3")
    for number in range(4, 100):
        if not {"1", "2"} <= left:
            break
        left = used(str(number))
    assert "1" in left and "2" not in left


def test_fixing_and_pinning_do_without_results(project: Path, lints: Lints) -> None:
    item = read(project / "Dockerfile")
    assert Results().key(make_context(item.source, Settings(pins=_Nobody())), "") is None
    run.run([item], lambda _: QUIET, fixing=True, results=Results())
    assert lints.looks == 2


class _Nobody:
    def of_image(self, name: str) -> str | None: ...

    def of_address(self, url: str) -> str | None: ...


def test_what_cannot_be_linted_is_not_kept(cache: Path, project: Path) -> None:
    (project / "Dockerfile").write_bytes(b"\0")
    result = run.run([read(project / "Dockerfile")], lambda _: QUIET, results=Results())
    assert [finding.code for finding in result.reports[0].findings] == ["SYN001"]
    assert list(cache.iterdir()) == []


def test_names_that_are_no_text_do_no_harm(project: Path, lints: Lints) -> None:
    (project / "Dockerfile").write_bytes(b"FROM a:1\nCOPY \xff /\nRUN cd /\xff && x\n")
    assert said(lints()) == said(lints(kept=False))


PURE = {"posixpath", "re", "difflib", "fnmatch", "shlex", "json", "urllib.parse", "functools", "datetime"}
PURE |= {"collections", "collections.abc", "dataclasses", "enum", "itertools", "typing", "unicodedata"}
PURE |= {"tree_sitter", "packaging.licenses", "__future__"}


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(RULES.glob("*.py")) if path.stem != "__init__"],
    ids=lambda path: path.stem,
)
def test_rules_look_outside_the_file_only_through_the_build_context(path: Path) -> None:
    """What they saw elsewhere would not be asked again: no files, no clock, no environment."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if not name.startswith("jettison.lint")} <= PURE
    attributes = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
    assert not [name for name in attributes if name.endswith((".today", ".now", "folder.folder"))]
    assert not [node for node in nodes if isinstance(node, ast.Name) and node.id == "open"]
