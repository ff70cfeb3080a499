"""Rules about the build context, with real folders."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jettison.lint.context import BuildContext
from jettison.lint.fix import Applicability
from jettison.lint.rule import Finding, Rule, Severity
from jettison.lint.rules._sizes import human
from jettison.lint.rules.add_for_local_files import AddForLocalFiles
from jettison.lint.rules.copy_of_ignored_file import CopyOfIgnoredFile
from jettison.lint.rules.copy_outside_context import CopyOutsideContext
from jettison.lint.rules.copy_source_missing import CopySourceMissing
from jettison.lint.rules.copy_then_extract import CopyThenExtract
from jettison.lint.rules.large_context import LargeContext
from jettison.lint.rules.missing_dockerignore import MissingDockerignore
from jettison.lint.rules.needless_files_copied import NeedlessFilesCopied
from jettison.lint.rules.secrets_in_context import SecretsInContext
from jettison.lint.rules.vcs_folder_copied import VcsFolderCopied
from jettison.lint.rules.whole_context_copied import WholeContextCopied
from jettison.lint.testing import complete, findings, fixed, marked

Look = Callable[..., list[Finding]]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Findings of a rule for a Dockerfile in a folder with the given files."""

    def run(rule: type[Rule], text: str, **files: str) -> list[Finding]:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("DOT", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return findings(rule, complete(text), folder=BuildContext(tmp_path))

    return run


ALL = "WORKDIR /a\nCOPY . .\n"


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (AddForLocalFiles, "ADD a b /x/", ["ADD"]),
        (AddForLocalFiles, "ONBUILD ADD . /x", ["ADD"]),
        (AddForLocalFiles, "ARG V=1\nADD app-$V.jar /x", ["ADD"]),
        (CopyThenExtract, "COPY a.tar.gz /t/\nRUN tar xzf /t/a.tar.gz", ["a.tar.gz"]),
        (CopyThenExtract, "COPY x.tgz /t/b.tgz\nRUN cd /t && tar -C / -xf b.tgz", ["x.tgz"]),
        (CopyOutsideContext, "COPY ../a x/../../b /x/", ["../a", "x/../../b"]),
        (VcsFolderCopied, "COPY .git /x", [".git"]),
        (WholeContextCopied, "COPY --chown=1 ./ /x", ["./"]),
    ],
)
def test_rule_speaks_without_a_context(rule: type[Rule], text: str, places: list[str]) -> None:
    """Some faults can be seen in the file alone."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (AddForLocalFiles, "ADD a.tar.xz /x"),
        (AddForLocalFiles, "ADD https://a/b /x"),
        (AddForLocalFiles, "ARG U=https://a/b\nADD $U /x"),
        (AddForLocalFiles, "ADD $UNKNOWN /x"),
        (AddForLocalFiles, "ADD git@github.com:a/b.git /x"),
        (CopyThenExtract, "COPY a.tar.gz /t/\nRUN tar czf /t/a.tar.gz /x"),
        (CopyThenExtract, "COPY --from=b a.tar.gz /t/\nRUN tar xzf /t/a.tar.gz"),
        (CopyThenExtract, "ADD a.tar.gz /t/\nRUN tar xzf /u/b.tar.gz"),
        (CopyOutsideContext, "COPY --from=b ../a /x\nCOPY a/../b /x\nADD https://a/../b /x"),
        (VcsFolderCopied, "COPY .gitignore .github /x/"),
        (WholeContextCopied, "FROM a:1 AS b\nCOPY . .\nFROM c:1\nCOPY --from=b /x /x"),
        (CopySourceMissing, "COPY nothing /x"),
        (MissingDockerignore, ALL),
    ],
)
def test_rule_is_silent_without_a_context(rule: type[Rule], text: str) -> None:
    """Archives, addresses, other stages; and where there is no context, nothing is said about it."""
    assert findings(rule, complete(text)) == []


def test_add_is_proven_by_content(look: Look, tmp_path: Path) -> None:
    """A plain file makes the fix safe; an archive without the ending of one makes it unsafe."""
    (found,) = look(AddForLocalFiles, "ADD conf /x", conf="a=b")
    assert found.fix is not None and found.fix.applicability is Applicability.SAFE
    with tarfile.open(tmp_path / "data", "w") as archive:
        archive.add(tmp_path / "conf", "conf")
    (found,) = look(AddForLocalFiles, "ADD data /x")
    assert found.fix is not None and found.fix.applicability is Applicability.UNSAFE


def test_add_becomes_copy() -> None:
    """The keyword is replaced, flags stay; folders need no context to be proven."""
    assert fixed(AddForLocalFiles, "FROM a:1\nADD --chown=1 . /x\n") == "FROM a:1\nCOPY --chown=1 . /x\n"
    assert fixed(AddForLocalFiles, "FROM a:1\nADD x /x\n") == "FROM a:1\nADD x /x\n"
    assert fixed(AddForLocalFiles, "FROM a:1\nADD x /x\n", unsafe=True) == "FROM a:1\nCOPY x /x\n"


def test_missing_source_and_the_name_that_was_meant(look: Look) -> None:
    """The finding names what is there; what a build makes is left alone."""
    text = "COPY requirement.txt app.py /x/\nCOPY target/app.jar dist /x/\n"
    (found,) = look(CopySourceMissing, text, requirementsDOTtxt="", appDOTpy="")
    assert "`requirements.txt`" in found.message and found.fix is not None


def test_wrong_case_is_found(look: Look) -> None:
    """A name that only differs in case is the first guess."""
    (found,) = look(CopySourceMissing, "COPY readme.md a /x/", READMEDOTmd="", a="")
    assert "`README.md`" in found.message


def test_another_context_is_recognised(look: Look) -> None:
    """If most of what is copied is not there, the build uses another folder."""
    text = "COPY src /x\nCOPY lib /y\nCOPY a /z\n"
    assert look(CopySourceMissing, text, a="") == []


def test_patterns_need_one_match(look: Look) -> None:
    """Wildcards are matched as the builder does it."""
    text = "COPY *.toml src/*.py missing*.x /x/\nCOPY a /b\n"
    found = look(CopySourceMissing, text, aDOTtoml="", src__bDOTpy="", a="")
    assert [item.message.split("`")[1] for item in found] == ["missing*.x"]


def test_ignored_sources(look: Look) -> None:
    """All matches ignored is an error; a negated pattern brings back."""
    text = "COPY dist /x\nCOPY src /y\n"
    files = {"dist__a": "", "src__b": "", "DOTdockerignore": "dist\n"}
    (found,) = look(CopyOfIgnoredFile, text, **files)
    assert "`.dockerignore`" in found.message and found.severity is Severity.ERROR
    assert look(CopyOfIgnoredFile, text, DOTdockerignore="dist\n!dist/a\n") == []
    assert look(CopyOfIgnoredFile, text, Dockerfile__x="", DOTdockerignore="dist\n!dist\n") == []


def test_missing_and_empty_ignore_file(look: Look) -> None:
    """The message counts what is copied."""
    (found,) = look(MissingDockerignore, ALL, packageDOTjson="x" * 1500)
    assert "is missing" in found.message and "1 files (1.5 kB)" in found.message
    (found,) = look(MissingDockerignore, ALL, DOTdockerignore="# nothing\n")
    assert "is empty" in found.message
    assert look(MissingDockerignore, ALL, DOTdockerignore=".git\n") == []
    assert look(MissingDockerignore, "COPY package.json /x\n", DOTdockerignore="") == []


def test_needless_folders_below_the_root(look: Look) -> None:
    """A pattern for the root alone lets those below through."""
    files = {"node_modules__a": "", "web__node_modules__b": "x" * 20, "__pycache__c": ""}
    found = look(NeedlessFilesCopied, ALL, packageDOTjson="", DOTdockerignore="node_modules\n", **files)
    assert [item.message.split("`")[1] for item in found] == ["web/node_modules"]
    assert "`**/node_modules`" in found[0].message
    assert look(NeedlessFilesCopied, ALL, DOTdockerignore="**/node_modules\n") == []


def test_history_is_found_where_it_gets_in(look: Look) -> None:
    """By `COPY .`, less bad in a stage that does not ship, silent when ignored."""
    (found,) = look(VcsFolderCopied, ALL, DOTgit__HEAD="ref", packageDOTjson="")
    assert found.severity is Severity.WARNING
    builder = f"FROM a:1 AS b\n{ALL}FROM c:1\nCOPY --from=b /x /x\n"
    assert [item.severity for item in look(VcsFolderCopied, builder)] == [Severity.INFO]
    assert look(VcsFolderCopied, ALL, DOTdockerignore=".git\n") == []


def test_secrets_that_come_along(look: Look) -> None:
    """Each file with a secret is named; one without is not."""
    files = {"DOTenv": "DB_PASSWORD=hunter22\n", "certs__serverDOTkey": "x", "packageDOTjson": ""}
    found = look(SecretsInContext, ALL, **files)
    assert [item.message.split("`")[1] for item in found] == [".env", "certs/server.key"]
    assert look(SecretsInContext, ALL, DOTenv="PORT=80\n", DOTdockerignore="certs\n") == []


def test_large_context_names_its_largest_folders(tmp_path: Path) -> None:
    """Sparse files count with their size."""
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "x").open("wb") as file:
        file.truncate(250_000_000)
    (tmp_path / "package.json").touch()
    (found,) = findings(LargeContext, complete(ALL), folder=BuildContext(tmp_path))
    assert "250 MB" in found.message and "`data` 250 MB" in found.message
    (tmp_path / ".dockerignore").write_text("data\n")
    assert findings(LargeContext, complete(ALL), folder=BuildContext(tmp_path)) == []


def test_ignore_file_that_names_what_is_wanted(look: Look) -> None:
    """`COPY .` is fine behind an ignore file that excludes everything else."""
    assert look(WholeContextCopied, ALL, DOTdockerignore="*\n!src\n", packageDOTjson="") == []
    assert look(WholeContextCopied, ALL, DOTdockerignore=".git\n") != []


def test_hostile_files_are_not_read(tmp_path: Path) -> None:
    """Links out of the context, pipes and folders give nothing and do not block."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()
    assert [BuildContext(tmp_path).head(name) for name in ("pipe", "link", "folder", "none")] == [None] * 4


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (25_000_000, "25 MB"), (3 * 10**9, "3.0 GB")],
)
def test_sizes_for_people(size: int, text: str) -> None:
    """Three digits are enough."""
    assert human(size) == text
