"""Scripts and commands: unfolding, values, pipes."""

from __future__ import annotations

import pytest

from jettison.lint.build import Build
from jettison.lint.command import Command, Scope
from jettison.lint.parser import parse


def commands(script: str, before: str = "") -> tuple[Command, ...]:
    """The commands of one RUN."""
    model = Build(parse(f"FROM debian\n{before}RUN {script}\n"))
    return model.commands(model.stages[0].all("RUN")[0])


def names(script: str) -> list[str]:
    """Names of the commands."""
    return [command.name for command in commands(script)]


@pytest.mark.parametrize(
    ("script", "inner"),
    [
        ("sudo -E -u root apt-get install x", "apt-get"),
        ("env -i A=1 make", "make"),
        ("timeout -k 5 10 make", "make"),
        ("ls | xargs -n 1 rm -f", "rm"),
        ("nice -n 19 nohup make", "make"),
        ("bash -c 'make all'", "make"),
        ('bash -euxo pipefail -c "make all"', "make"),
        ("su - app -c 'make all'", "make"),
        ("python3 -m pip install x", "pip"),
        ("sh -c 'bash -c make'", "make"),
        ("X=$(make)", "make"),
        ("eval make", "make"),
    ],
)
def test_wrapped_commands_are_found(script: str, inner: str) -> None:
    """What a wrapper runs is a command of its own."""
    assert inner in names(script)


def test_stdin_heredoc_of_a_shell_is_a_script() -> None:
    """`bash <<EOF` runs the body; `cat <<EOF` does not."""
    assert names("bash -e <<EOF\nmake\nEOF") == ["bash", "make"]
    assert names("cat <<EOF > /x\nmake\nEOF") == ["cat"]


def test_constants_are_propagated() -> None:
    """Variables of the script and of the Dockerfile are filled in; a list becomes several arguments."""
    found = commands('pkgs="a=1 b"; apt-get install $pkgs "$V" $U', "ARG V=2\n")[-1]
    assert [arg.value for arg in found.args] == ["install", "a=1", "b", "2", None]


def test_a_value_set_in_a_branch_is_not_known() -> None:
    """After `if` a variable may be anything."""
    found = commands("x=1; if a; then x=2; fi; b $x")[-1]
    assert found.args[0].value is None


def test_pipes_are_linked() -> None:
    """Each end of a pipe knows the other, inside nested scripts too."""
    first, second = commands("curl x | sh")
    assert first.piped_into is second and second.piped_from is first
    inner = commands("bash -c 'curl x | tar x'")
    assert inner[1].piped_into is inner[2]


def test_scopes_tell_what_may_not_run() -> None:
    """A command in a branch is not certain."""
    condition, branch = commands("if a; then b; fi")
    assert condition.scopes == (Scope.CONDITION,) and branch.scopes == (Scope.BRANCH,)
    assert not branch.certain


def test_redirects_belong_to_the_last_command() -> None:
    """`a && b > c` redirects b."""
    first, second = commands("a && b > c 2>&1")
    assert first.redirects == () and [item.operator for item in second.redirects] == [">", "2>&"]


def test_options_are_found_in_clusters_and_with_values() -> None:
    """Short options may be clustered, long ones carry values."""
    found = commands("apt-get -qqy --option=x install -t stable curl")[0]
    assert found.has("-y") and found.has("--option") and not found.has("-x")
    value = found.option_value("-t")
    assert value is not None and value.text == "stable"
    assert [arg.text for arg in found.operands("-t")] == ["install", "curl"]


def test_exec_form_is_a_command() -> None:
    """The JSON form and the script inside it are looked at."""
    assert names('["/bin/bash", "-c", "apt-get update && make"]') == ["bash", "apt-get", "make"]


def test_non_ascii_text_keeps_positions() -> None:
    """Characters of several bytes do not move what follows."""
    text = "FROM a\nRUN echo é € && make x\n"
    model = Build(parse(text))
    command = model.commands(model.stages[0].instructions[0])[1]
    assert text[command.span.start : command.span.end] == "make x"


def test_deep_nesting_ends() -> None:
    """A hostile script does not exhaust the stack."""
    assert names("(" * 3000 + "a" + ")" * 3000) in ([], ["a"])


def test_words_behind_a_redirection_are_arguments() -> None:
    """The file is the first word; all others belong to the command, and to what it wraps."""
    outer, inner = commands("sudo pip install a>=1.0 b 2>/x c")
    assert outer.words == ["pip", "install", "a", "b", "c"]
    assert inner.words == ["install", "a", "b", "c"]
    assert [(item.operator, item.target.text) for item in outer.redirects if item.target] == [
        (">", "=1.0"),
        ("2>", "/x"),
    ]
