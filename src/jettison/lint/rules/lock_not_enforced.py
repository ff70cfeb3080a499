"""LNG132 lock-not-enforced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.lint.command import Command
from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb, manager_of
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._building import before
from jettison.lint.rules._locks import Lock, is_set, lock_of, with_option


@dataclass(frozen=True, slots=True)
class _Binding:
    """How a manager is bound to its lock file: subcommands that are not, what binds them, and the cure."""

    words: tuple[str, ...]
    options: tuple[str, ...]
    variables: tuple[str, ...]
    remedy: str


_BINDING: Final = {
    "yarn": _Binding(
        ("", "install"),
        ("--frozen-lockfile", "--immutable", "--immutable-cache"),
        ("YARN_ENABLE_IMMUTABLE_INSTALLS",),
        "--frozen-lockfile",
    ),
    "pnpm": _Binding(("install", "i"), ("--frozen-lockfile", "--offline"), ("CI",), "--frozen-lockfile"),
    "bun": _Binding(("install", "i"), ("--frozen-lockfile",), (), "--frozen-lockfile"),
    "uv": _Binding(("sync",), ("--locked", "--frozen"), ("UV_LOCKED", "UV_FROZEN"), "--locked"),
    "pdm": _Binding(("install",), ("--frozen-lockfile", "--check", "--no-lock"), (), "--frozen-lockfile"),
    "pipenv": _Binding(("install",), ("--deploy", "--ignore-pipfile"), (), "--deploy"),
    "bundler": _Binding(
        ("install",),
        ("--deployment", "--frozen"),
        ("BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"),
        "BUNDLE_FROZEN=true",
    ),
}
_CONFIG: Final = re.compile(r"bundle config.*\b(?:frozen|deployment)\b")


class LockNotEnforced(Rule):
    """Flags installations that may go beyond the lock file.

    ## What it does
    Looks for `yarn install`, `pnpm install`, `bun install`, `uv sync`, `pdm install`, `pipenv install` and
    `bundle install` without the option or variable that makes the lock file binding, and for `cargo build`
    without `--locked`.

    ## Why is this bad?
    Where manifest and lock file differ, other versions than the tested ones are taken, and the lock file is
    written anew inside the image, where nobody sees it. With the option the build stops and says so.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json yarn.lock ./
    RUN yarn install
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json yarn.lock ./
    RUN yarn install --frozen-lockfile
    ```

    ## When to ignore
    For libraries, whose tests are to meet the newest versions; in images for development.

    ## Fix safety
    Unsafe: the build stops where lock file and manifest differ. Offered where the lock file is copied by
    its name.

    ## Sources
    - The documentation of each: yarn `--frozen-lockfile`, pnpm `--frozen-lockfile`, uv `--locked`, pipenv
      `--deploy`, Bundler `BUNDLE_FROZEN`, Cargo `--locked`
    """

    code = "LNG132"
    name = "lock-not-enforced"
    severity = Severity.INFO
    fixable = Applicability.UNSAFE
    managers = frozenset(_BINDING)
    programs = frozenset({"cargo"})

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations of what the manifest lists."""
        binding = _BINDING[action.manager.name]
        if action.verb is not Verb.SYNC or action.word.text not in binding.words:
            return
        if action.manager.name == "uv" and action.command.operands()[:1] != [action.word]:
            return
        if is_set(action, binding.options, binding.variables, context) or _configured(action, context):
            return
        yield from self._found(action, binding.remedy, context)

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Builds by Cargo, which may write the lock file too."""
        words = command.operands("-p", "--package", "--target", "--features", "--bin", "--manifest-path")
        if words[:1] and words[0].text == "build" and not command.has("--locked", "--frozen", "--offline"):
            manager = manager_of("cargo")
            if manager is not None:
                yield from self._found(Action(manager, Verb.SYNC, command, words[0]), "--locked", context)

    def _found(self, action: Action, remedy: str, context: Context) -> Iterator[Finding]:
        lock = lock_of(action, context)
        if lock is Lock.MISSING:
            return
        done = f"{action.command.name} {action.word.text}".strip()
        against = action.command.has("--no-frozen-lockfile", "--no-immutable")
        fix = with_option(action, remedy, f"add {remedy}") if lock is Lock.THERE and not against else None
        yield self.at(action.word.span, f"`{done}` may take other versions than the lock file says", fix=fix)


def _configured(action: Action, context: Context) -> bool:
    """Whether Bundler is told by its configuration."""
    if action.manager.name != "bundler":
        return False
    node = action.command.instruction
    return any(_CONFIG.search(item.line.text) for item in (*before(node, context.build), node))
