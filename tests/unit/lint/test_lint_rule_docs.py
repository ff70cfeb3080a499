"""Every rule: its documentation is complete, its examples are true, its fix leads to what it recommends."""

from __future__ import annotations

import re

import pytest

from jettison.lint.config import Settings
from jettison.lint.engine import make_context
from jettison.lint.fix import Applicability
from jettison.lint.fixing import fix
from jettison.lint.rule import Rule
from jettison.lint.rules import FAMILIES, all_rules
from jettison.lint.source import Source
from jettison.lint.testing import SECTIONS, documentation, example, findings

RULES = [pytest.param(rule, id=rule.name) for rule in all_rules()]


@pytest.mark.parametrize("rule", RULES)
def test_documentation_has_the_skeleton(rule: Rule) -> None:
    """All sections are there and in order, behind one sentence that says what is flagged."""
    text = documentation(type(rule))
    headings = [heading for heading in re.findall(r"^## (.*)$", text, re.M) if heading != "Fix safety"]
    assert headings == list(SECTIONS)
    assert text.splitlines()[0].startswith("Flags ")
    assert ("## Fix safety" in text) == (rule.fixable is not None)


@pytest.mark.parametrize("rule", RULES)
def test_code_name_and_module_agree(rule: Rule) -> None:
    """The module is called as the rule, the code belongs to a family."""
    assert type(rule).__module__.rpartition(".")[2] == rule.name.replace("-", "_")
    assert re.fullmatch(r"[A-Z]{3}[1-9]\d\d", rule.code)
    assert rule.code[:3] in FAMILIES


@pytest.mark.parametrize("rule", RULES)
def test_bad_example_is_found(rule: Rule) -> None:
    """The example of what is wrong makes the rule speak."""
    text = example(type(rule), "Example")
    if text is not None:
        assert findings(type(rule), text)


@pytest.mark.parametrize("rule", RULES)
def test_good_example_is_silent(rule: Rule) -> None:
    """What the documentation recommends is not found again."""
    text = example(type(rule), "Use instead")
    if text is not None:
        assert findings(type(rule), text) == []


@pytest.mark.parametrize("rule", [param for param in RULES if param.values[0].fixable])
def test_example_can_be_fixed(rule: Rule) -> None:
    """The declared fix is offered for the bad example, is accepted, and leaves nothing for a second run."""
    text = example(type(rule), "Example")
    if text is None or rule.fixable is Applicability.DISPLAY or rule.code.startswith("IGN"):
        return
    context = make_context(Source(text), Settings())
    outcome = fix(context, [rule], unsafe=True)
    assert outcome.applied, outcome.refused
    again = fix(make_context(outcome.source, Settings()), [rule], unsafe=True)
    assert again.source.text == outcome.source.text


def test_codes_and_names_are_unique() -> None:
    """No two rules share a code or a name."""
    rules = all_rules()
    assert len({rule.code for rule in rules}) == len(rules) == len({rule.name for rule in rules})
