"""LNG134 development-packages-kept."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.fix import Applicability
from jettison.lint.packages import Action, Verb
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._context import folder_of
from jettison.lint.rules._locks import PROJECTS, is_set, with_option
from jettison.lint.rules._script import following


@dataclass(frozen=True, slots=True)
class _Development:
    """How a manager leaves out packages for development: options and variables that do, and the cure."""

    options: tuple[str, ...]
    variables: tuple[str, ...]
    remedy: str


_DEV: Final = {
    "npm": _Development(
        ("--omit", "--only", "--production", "--prod"),
        ("NPM_CONFIG_OMIT", "NPM_CONFIG_PRODUCTION", "npm_config_production"),
        "--omit=dev",
    ),
    "yarn": _Development(("--production", "--prod"), ("YARN_PRODUCTION",), "--production"),
    "pnpm": _Development(("--prod", "-P", "--production"), (), "--prod"),
    "bun": _Development(("--production", "-p", "--omit"), (), "--production"),
    "composer": _Development(("--no-dev",), ("COMPOSER_NO_DEV",), "--no-dev"),
    "poetry": _Development(
        ("--only", "--without", "--no-dev", "--only-root"), ("POETRY_WITHOUT", "POETRY_ONLY"), "--only=main"
    ),
    "uv": _Development(
        ("--no-dev", "--no-default-groups", "--only-group"), ("UV_NO_DEV", "UV_NO_DEFAULT_GROUPS"), "--no-dev"
    ),
    "bundler": _Development(
        ("--without",), ("BUNDLE_WITHOUT", "BUNDLE_ONLY"), "BUNDLE_WITHOUT=development:test"
    ),
}
_INSTALLED: Final = frozenset({"node_modules", "vendor", ".venv", "venv", "bundle"})
"""Folders that installed packages lie in."""
_DEVELOPS: Final = re.compile(
    r"(?<![a-z])(?:dev|develop|development|test|tests|watch|nodemon|cypress)(?![a-z])"
)
_NODE: Final = frozenset({"npm", "yarn", "pnpm", "bun"})
_BUILDERS: Final = frozenset(
    {"npx", "bunx", "tsc", "ng", "vite", "webpack", "rake", "rails", "gulp", "grunt"}
)
_BUILDING: Final = frozenset({"run", "run-script", "exec", "build", "dlx", "test", "x"})


class DevelopmentPackagesKept(Rule):
    """Flags packages for development in the result.

    ## What it does
    Looks for `npm ci`, `yarn install`, `pnpm install`, `bun install`, `composer install`, `poetry install`,
    `uv sync` and `bundle install` that do not leave out the packages for development, in stages that ship or
    whose installed packages are copied into the result. It is silent where a later command removes them, and
    where the image is made for development: its stage or command says so.

    ## Why is this bad?
    Compilers, test runners and linters come with hundreds of packages that the application never loads.
    They make the image larger, often by half, and bring vulnerabilities that count.

    ## Example
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json package-lock.json ./
    RUN npm ci
    COPY . .
    CMD ["node", "server.js"]
    ```

    ## Use instead
    ```dockerfile
    FROM node:22.11.0-bookworm-slim
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev
    COPY . .
    CMD ["node", "server.js"]
    ```

    ## When to ignore
    When the container runs the tests, or compiles when it starts.

    ## Fix safety
    Unsafe: what needs one of the packages no longer finds it. Not offered where a later command of the stage
    builds something; install there a second time, in a stage of its own.

    ## Sources
    - The documentation of each: npm `--omit`, yarn `--production`, pnpm `--prod`, Composer `--no-dev`,
      Poetry `--only`, uv `--no-dev`, Bundler `BUNDLE_WITHOUT`
    """

    code = "LNG134"
    name = "development-packages-kept"
    severity = Severity.INFO
    fixable = Applicability.UNSAFE
    managers = frozenset(_DEV)

    def action(self, action: Action, context: Context) -> Iterator[Finding]:
        """Installations of everything that reaches the result."""
        dev = _DEV[action.manager.name]
        stage = context.build.stage_of(action.command.instruction)
        if action.verb is not Verb.SYNC or stage is None or action.word.text == "fetch":
            return
        if action.manager.name == "uv" and action.command.operands()[:1] != [action.word]:
            return
        if is_set(action, dev.options, dev.variables, context) or _is_production(action, context):
            return
        if not _arrives(stage, context) or _for_development(context) or _has_none(action, context):
            return
        behind = [*following(action.command, context.build), *_later(action, stage, context)]
        if any(_leaves_out(item, dev) for item in behind):
            return
        fix = (
            None
            if any(_builds(item) for item in behind)
            else with_option(action, dev.remedy, "leave them out")
        )
        yield self.at(action.command.span, "packages for development are part of the result", fix=fix)


def _later(action: Action, stage: Stage, context: Context) -> Iterator[Command]:
    for node in stage.all("RUN"):
        if node.index > action.command.instruction.index:
            yield from context.build.commands(node)


def _is_production(action: Action, context: Context) -> bool:
    """Whether NODE_ENV says it."""
    if action.manager.name not in ("npm", "yarn", "pnpm"):
        return False
    own = next((arg.value for key, arg in action.command.assignments if key == "NODE_ENV"), "")
    env = context.build.state(action.command.instruction).env
    return "production" in (own, env.get("NODE_ENV", "")) or env.get("NODE_ENV", "") is None


def _arrives(stage: Stage, context: Context) -> bool:
    """Whether what a stage installs is part of the result: it ships, or its packages are copied from it."""
    if stage.ships:
        return True
    for shipped in context.build.shipped:
        for node in shipped.all("COPY"):
            names = [context.build.find_stage(name) for name, _ in context.build.source_names(node)]
            folders = {posixpath.basename(word.text.rstrip("/")) for word in node.words[:-1]}
            if stage in names and folders & _INSTALLED:
                return True
    return False


def _for_development(context: Context) -> bool:
    target = context.build.target
    if target is None:
        return False
    texts = [node.arguments.text for key in ("CMD", "ENTRYPOINT") if (node := target.effective(key))]
    return any(_DEVELOPS.search(text) for text in (target.name, *texts))


def _has_none(action: Action, context: Context) -> bool:
    """Whether package.json, if it can be read, lists no packages for development."""
    folder = folder_of(context) if PROJECTS[action.manager.name].manifest == "package.json" else None
    data = folder.head("package.json") if folder is not None else None
    return data is not None and b'"devDependencies"' not in data


def _leaves_out(command: Command, dev: _Development) -> bool:
    if command.has(*dev.options) or (command.name in _NODE and "prune" in command.words):
        return True
    return command.name == "rm" and any("node_modules" in word for word in command.words)


def _builds(command: Command) -> bool:
    words = {arg.text for arg in command.operands()}
    return command.name in _BUILDERS or (command.name in _NODE and bool(words & _BUILDING))
