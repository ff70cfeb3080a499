"""The engine: dispatch, ignore comments, severities, and fixes with their proof."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jettison.lint.config import Settings
from jettison.lint.engine import Report, lint, make_context
from jettison.lint.fix import Edit, Fix, Scope, apply, insert, replace
from jettison.lint.fixing import fix
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules.apt_get_without_yes import AptGetWithoutYes
from jettison.lint.rules.bashism_in_posix_shell import BashismInPosixShell
from jettison.lint.rules.last_user_root import LastUserRoot
from jettison.lint.rules.legacy_key_value import LegacyKeyValue
from jettison.lint.source import Source, Span
from jettison.lint.syntax import Instruction
from jettison.lint.testing import findings, fixed

BAD = "RUN apt-get install curl\n"


def report(text: str, **settings: object) -> Report:
    """The report of all rules for a Dockerfile."""
    return lint(make_context(Source(text), Settings(**settings)))  # type: ignore[arg-type]


def codes(text: str, **settings: object) -> list[str]:
    """Codes of the findings."""
    return [
        finding.code for finding in report(text, **settings).findings if finding.code in ("PKG101", "IGN101")
    ]


@pytest.mark.parametrize(
    "comment",
    [
        "# jettison: ignore PKG101 the base image answers",
        "# jettison: ignore apt-get-without-yes",
        "# hadolint ignore=DL3014,SC2086 # why",
        "# hadolint ignore=DL3014\n# hadolint ignore=SC2086",
        "# trivy:ignore:AVD-DS-0021",
        "# check=skip=all",
    ],
)
def test_comments_above_take_findings_away(comment: str) -> None:
    """The next instruction is covered, and only that."""
    assert codes(f"FROM debian:12\n{comment}\n{BAD}") == []
    assert "PKG101" in codes(f"FROM debian:12\n{comment}\n{BAD}{BAD}")


@pytest.mark.parametrize(
    "comment",
    ["# jettison: ignore-file PKG101", "# hadolint global ignore=DL3014", "# checkov:skip=DS-0021:reason"],
)
def test_file_comments_cover_everything(comment: str) -> None:
    """A file-wide comment works wherever it stands."""
    assert codes(f"FROM debian:12\n{BAD}{BAD}{comment}\n") == []


def test_comment_inside_covers_the_next_line() -> None:
    """Inside an instruction, only the line below is covered."""
    above = "FROM debian:12\nRUN a && \\\n# jettison: ignore PKG101 tested\n"
    text = f"{above}  apt-get install a && \\\n  apt-get install b\n"
    assert codes(text) == ["PKG101"]


def test_unused_ignores_are_reported() -> None:
    """A comment that takes nothing away is a finding; one for a rule that did not run is not."""
    text = "FROM debian:12\n# jettison: ignore PKG101 x\nRUN a\n"
    assert codes(text) == ["IGN101"]
    assert codes(text, ignore=frozenset({"PKG101"})) == []


def test_inline_ignores_can_be_turned_off() -> None:
    """With `inline-ignores = false` comments are only comments."""
    assert "PKG101" in codes(f"FROM debian:12\n# hadolint ignore=DL3014\n{BAD}", inline_ignores=False)


def test_severities_are_overridden() -> None:
    """Settings decide how bad a finding is."""
    found = report(f"FROM debian:12\n{BAD}", severities={"PKG101": Severity.ERROR}).findings
    assert next(item for item in found if item.code == "PKG101").severity is Severity.ERROR


def test_root_in_a_stage_that_does_not_ship_is_silent() -> None:
    """USER root in a builder is nobody's problem."""
    assert (
        findings(LastUserRoot, "FROM a:1 AS b\nUSER root\nFROM c:1\nCOPY --from=b /x /x\nUSER 1000\n") == []
    )
    assert findings(LastUserRoot, "FROM a:1 AS b\nUSER root\nFROM b\n") != []


def test_fix_is_inserted_through_continuations_and_wrappers() -> None:
    """The option goes behind the subcommand, wherever that stands."""
    text = "FROM debian:12\nRUN sudo apt-get \\\n  install \\\n  curl\n"
    assert fixed(AptGetWithoutYes, text) == "FROM debian:12\nRUN sudo apt-get \\\n  install -y \\\n  curl\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ENV A b", "ENV A=b"),
        ("ENV A  b c ", 'ENV A="b c" '),
        ("LABEL a 'b c'", "LABEL a='b c'"),
        ("ENV A b \\\n c", 'ENV A="b  c"'),
        ("ENV A $B c", 'ENV A="$B c"'),
    ],
)
def test_legacy_pairs_are_rewritten_with_the_same_value(before: str, after: str) -> None:
    """Quotes are added where they are needed."""
    assert fixed(LegacyKeyValue, f"FROM a:1\n{before}\n") == f"FROM a:1\n{after}\n"


class Breaking(Rule):
    """A rule with a fix that does more than it says."""

    code, name = "TST101", "breaking"
    edit: Edit
    scope = Scope.COMMANDS

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Propose the edit once."""
        if node.index == 1 and context.source.text.count("!") == 0:
            yield self.at(node.span, "x", fix=Fix("x", (self.edit,), scope=self.scope))


@pytest.mark.parametrize(
    ("edit", "scope", "reason"),
    [
        (replace(Span(0, 4), "!"), Scope.COMMANDS, "no longer parse"),
        (insert(7, "ENV A=!\n"), Scope.COMMANDS, "config"),
        (replace(Span(7, 19), "RUN make !"), Scope.SPELLING, "meaning"),
        (insert(19, "\nUSER !"), Scope.COMMANDS, "config"),
    ],
)
def test_a_fix_that_changes_more_is_refused(edit: Edit, scope: Scope, reason: str) -> None:
    """What the proof does not allow is dropped, with the reason, and the text stays."""
    rule = type("Rule_", (Breaking,), {"edit": edit, "scope": scope})()
    source = Source("FROM a\nRUN make all\nRUN b\n")
    outcome = fix(make_context(source, Settings()), [rule])
    assert outcome.source.text == source.text
    assert reason in outcome.refused[0][1]


def test_edits_must_not_overlap() -> None:
    """Overlapping edits are a mistake of the caller."""
    with pytest.raises(ValueError, match="overlap"):
        apply("abc", [replace(Span(0, 2), "x"), replace(Span(1, 3), "y")])


def test_what_a_rule_says_shellcheck_does_not_say_again() -> None:
    """One place, one finding; the same code at another place, and other codes, stay."""
    text = "FROM debian:12\nRUN [[ $x ]]; [[ $y ]] && echo $z\n"
    places = [Span(text.index(part), text.index(part) + len(part)) for part in ("[[ $x ]]", "$x", "$z")]
    extra = [
        Finding(code, "shellcheck", Severity.WARNING, span, "")
        for code, span in zip(("SC3010", "SC2086", "SC3037"), places, strict=True)
    ]
    context = make_context(Source(text), Settings())
    found = lint(context, rules=[BashismInPosixShell()], extra=extra).findings
    assert [finding.code for finding in found] == ["RUN112", "SC2086", "RUN112", "SC3037"]
