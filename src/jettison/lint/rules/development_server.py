"""SIG108 development-server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import program, target_stage


def _word(*words: str) -> Callable[[Command], bool]:
    return lambda command: bool(set(words).intersection(command.words))


def _always(command: Command) -> bool:
    return bool(command.name)


_SERVERS: Final[dict[str, Callable[[Command], bool]]] = {
    "flask": _word("run"),
    "manage.py": _word("runserver"),
    "django-admin": _word("runserver"),
    "nodemon": _always,
    "ts-node-dev": _always,
    "webpack-dev-server": _always,
    "webpack": _word("serve"),
    "vite": lambda command: not {"build", "preview"}.intersection(command.words),
    "next": _word("dev"),
    "nuxt": _word("dev"),
    "ng": _word("serve"),
    "react-scripts": _word("start"),
    "vue-cli-service": _word("serve"),
    "gatsby": _word("develop"),
    "php": _word("-S"),
    "artisan": _word("serve"),
    "uvicorn": _word("--reload"),
    "gunicorn": _word("--reload"),
    "fastapi": _word("dev"),
    "jekyll": _word("serve"),
    "hugo": _word("server", "serve"),
    "air": _always,
    "npm": lambda command: command.words[:2] in (["run", "dev"], ["run", "serve"], ["run", "watch"]),
    "yarn": _word("dev", "serve"),
    "pnpm": _word("dev"),
    "dotnet": _word("watch"),
}
_PYTHON: Final = ("python", "python3")


class DevelopmentServer(Rule):
    """Flags containers that start a server for development.

    ## What it does
    Looks at process 1 for `flask run`, `manage.py runserver`, `nodemon`, `vite`, `next dev`, `ng serve`,
    `php -S`, `uvicorn --reload`, `npm run dev` and their like.

    ## Why is this bad?
    These servers answer one request at a time, watch all files, show the source to whoever causes an error,
    and say themselves that they are not for production.

    ## Example
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    CMD ["flask", "run", "--host=0.0.0.0"]
    ```

    ## Use instead
    ```dockerfile
    FROM python:3.12.7-slim-bookworm
    CMD ["gunicorn", "--bind=0.0.0.0:8000", "app:app"]
    ```

    ## When to ignore
    In images for development.

    ## Sources
    - Flask documentation, "Deploying to Production"; Django documentation, `runserver`; PHP manual,
      "Built-in web server"
    """

    code = "SIG108"
    name = "development-server"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Process 1 of the stage that is built."""
        found = program(stage, context.build) if target_stage(stage, context) else None
        if found is None:
            return
        command = _inner(found)
        serves = _SERVERS.get(command.name)
        if serves is not None and serves(command):
            message = f"`{command.name}` here is a server for development, not for production"
            yield self.at(found.span, message)


def _inner(command: Command) -> Command:
    """The script that an interpreter runs, as a command of its own."""
    operands = command.operands()
    if (
        command.name in (*_PYTHON, "php", "node", "npx", "bunx")
        and operands
        and not command.has("-S", "-m", "-c")
    ):
        return Command(
            name=operands[0].text.rpartition("/")[2],
            args=tuple(operands[1:]),
            span=command.span,
            name_span=operands[0].span,
            instruction=command.instruction,
            script=command.script,
        )
    return command
