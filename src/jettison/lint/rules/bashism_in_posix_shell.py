"""RUN112 bashism-in-posix-shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from tree_sitter import Node

from jettison.lint.bases import Distro
from jettison.lint.fix import Applicability, Edit, Fix, Scope, insert, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._script import descendants
from jettison.lint.script import Script
from jettison.lint.shell import Dialect
from jettison.lint.syntax import Instruction

_BOTH: Final = frozenset({Dialect.DASH, Dialect.ASH})
_DASH: Final = frozenset({Dialect.DASH})
_BUILTINS: Final = frozenset({"pushd", "popd", "shopt", "mapfile", "readarray", "disown", "compgen"})
_SHELL_NAMES: Final = {Dialect.DASH: "dash", Dialect.ASH: "the ash of busybox"}
_Found = tuple[str, frozenset[Dialect]]
"""What is foreign, and to which shells."""
_HINT: Final = re.compile(
    r"\[\[|==|<\(|<<<|&>|\(\(|\$'|\$\{\w+[/:^,]|\$\{!|\|&|=\(|\]\}|\{[^}]*(?:,|\.\.)"
    r"|\b(?:source|function|pushd|popd|shopt|mapfile|readarray|disown|compgen|pipefail)\b"
)
"""What a script has in it if it has anything foreign: one search that is enough for most."""
_BRACES: Final = re.compile(r"(?<![$\\])\{[^{}\s\"']*(?:,|\.\.)[^{}\s\"']*\}")


class BashismInPosixShell(Rule):
    """Flags shell syntax that the `/bin/sh` of the base image does not know.

    ## What it does
    Knows from the base image whether `/bin/sh` is dash (Debian, Ubuntu) or busybox ash (Alpine), and looks
    for what that one lacks: `[[ … ]]`, arrays, `source`, `<(…)`, `<<<`, `{a,b}`, `&>`, `==` in `[ ]`,
    `function f`, `$'…'`, `${v//a/b}`, `pushd`, `(( ))`, `set -o pipefail` and others. On bases whose `sh`
    is bash, or is not known, it is silent.

    ## Why is this bad?
    Some of it stops the build ("source: not found"), the rest does something else without a word:
    `mkdir {a,b}` makes one folder called `{a,b}`, and dash reads `make &> log` as "make in the background,
    and empty the log".

    ## Example
    ```dockerfile
    RUN source /opt/tools/env.sh && make
    ```

    ## Use instead
    ```dockerfile
    RUN . /opt/tools/env.sh && make
    ```

    ## When to ignore
    When `/bin/sh` of the base image was replaced by bash.

    ## Fix safety
    Safe where there is a POSIX form that means the same (`.`, `=`, `> f 2>&1`); otherwise unsafe: bash
    becomes the SHELL of this and all following instructions.

    ## Sources
    - ShellCheck SC3001 to SC3060
    - dash(1); busybox, `shell/ash.c`
    """

    code = "RUN112"
    name = "bashism-in-posix-shell"
    severity = Severity.ERROR
    shellcheck = ("SC3",)
    fixable = Applicability.SAFE
    keywords = frozenset({"RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Each foreign construct of scripts that dash or ash reads."""
        seen: list[Script] = []
        for command in context.build.commands(node):
            if command.script is not None and command.script not in seen:
                seen.append(command.script)
        for script in dict.fromkeys((*context.build.scripts(node), *seen)):
            if script.shell.dialect not in _BOTH or not _HINT.search(script.text.text) or script.tree is None:
                continue
            for item in descendants(script.tree.root_node):
                found = _foreign(item)
                if found is None or script.shell.dialect not in found[1]:
                    continue
                shell = _SHELL_NAMES[script.shell.dialect]
                message = f"{found[0]} is bash; `/bin/sh` of this base is {shell}, which {_effect(found[0])}"
                yield self.at(script.span_of(item), message, fix=_fix(item, script, node, context))


def _effect(what: str) -> str:
    if what.startswith("`{"):
        return "takes it literally"
    return "reads it as `&` and `>`" if what == "`&>`" else "does not know it"


def _foreign(node: Node) -> _Found | None:
    """What is foreign about a node, and to which shells."""
    reader = _READERS.get(node.type)
    return _BY_TYPE.get(node.type) if reader is None else reader(node)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _test(node: Node) -> _Found | None:
    first = node.children[0].type if node.children else ""
    if first == "[[":
        return "`[[`", _DASH
    return ("`(( ))`", _BOTH) if first == "((" else None


def _equals(node: Node) -> _Found | None:
    test = node.parent.parent if node.parent is not None else None
    single = test is not None and test.children and test.children[0].type == "["
    return ("`==` in `[ ]`", _DASH) if single else None


def _command(node: Node) -> _Found | None:
    name = _text(node)
    if name == "source":
        return "`source`", _DASH
    if name == "set" and node.parent is not None and "pipefail" in _text(node.parent).split():
        return "`pipefail`", _DASH
    return (f"`{name}`", _BOTH) if name in _BUILTINS else None


def _redirect(node: Node) -> _Found | None:
    return ("`&>`", _DASH) if any(child.type in ("&>", "&>>") for child in node.children) else None


def _function(node: Node) -> _Found | None:
    return ("`function`", _DASH) if node.children and node.children[0].type == "function" else None


def _braces(node: Node) -> _Found | None:
    if node.parent is not None and node.parent.type in ("concatenation", "variable_assignment", "regex"):
        return None
    match = _BRACES.search(_text(node))
    return (f"`{match[0]}`", _BOTH) if match else None


def _expansion(node: Node) -> _Found | None:
    text = _text(node)
    if re.match(r"\$\{!", text) or re.match(r"\$\{\w+(\^|,)", text):
        return f"`{text}`", _BOTH
    return (f"`{text}`", _DASH) if re.match(r"\$\{\w+(?:/|:\s*\d+\s*[:}])", text) else None


_BY_TYPE: Final = {
    "array": ("an array", _BOTH),
    "subscript": ("an array", _BOTH),
    "process_substitution": ("`<( )`", _BOTH),
    "herestring_redirect": ("`<<<`", _BOTH),
    "ansi_c_string": ("`$' '`", _DASH),
    "c_style_for_statement": ("`for (( ))`", _BOTH),
    "|&": ("`|&`", _BOTH),
}
_READERS: Final[dict[str, Callable[[Node], _Found | None]]] = {
    "test_command": _test,
    "==": _equals,
    "command_name": _command,
    "file_redirect": _redirect,
    "function_definition": _function,
    "expansion": _expansion,
    **dict.fromkeys(("word", "concatenation", "brace_expression"), _braces),
}


def _fix(node: Node, script: Script, at: Instruction, context: Context) -> Fix | None:
    if not script.exact:
        return None
    edit = _posix(node, script)
    if edit is not None:
        return Fix("use the POSIX form", (edit,), Applicability.SAFE)
    stage = context.build.stage_of(at)
    if script.wrappers or script.heredoc or at.index < 0 or stage is None:
        return None
    if stage.distro not in (Distro.DEBIAN, Distro.UBUNTU):
        return None
    line = f'SHELL ["/bin/bash", "-c"]{context.source.newline}'
    return Fix("use bash", (insert(at.span.start, line),), Applicability.UNSAFE, Scope.CONFIG)


def _posix(node: Node, script: Script) -> Edit | None:
    text = script.text_of(node)
    if text == "==":
        return replace(script.span_of(node), "=")
    if text == "source" and node.parent is not None:
        argument = script.text_of(node.parent)[len(text) :].strip()
        return replace(script.span_of(node), ".") if "/" in argument.split(" ")[0] else None
    if node.type == "file_redirect" and text.startswith(("&>", "&>>")):
        operator = ">>" if text.startswith("&>>") else ">"
        target = text[len(operator) + 1 :].strip()
        return replace(script.span_of(node), f"{operator} {target} 2>&1") if " " not in target else None
    return None
