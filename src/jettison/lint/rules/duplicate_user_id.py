"""USR107 duplicate-user-id."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._users import lineage


class DuplicateUserId(Rule):
    """Flags users that are given a number that another user has.

    ## What it does
    Looks for `useradd` and `adduser` with the number 0, with `-o` (`--non-unique`), or with a number that an
    earlier command of the file gave to another user.

    ## Why is this bad?
    The kernel knows numbers only: two names with one number are one user with two names. A second user with
    number 0 is root, whatever it is called.

    ## Example
    ```dockerfile
    RUN useradd -o -u 0 admin
    ```

    ## Use instead
    ```dockerfile
    RUN useradd -u 10001 admin
    ```

    ## When to ignore
    When files of an old name have to keep their owner.

    ## Sources
    - dockle DKL-LI-0002; useradd(8), `--non-unique`
    """

    code = "USR107"
    name = "duplicate-user-id"
    severity = Severity.WARNING
    aliases = ("DKL-LI-0002",)

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """Numbers that are given twice, in the order in which they are given."""
        owners: dict[str, str] = {"0": "root"}
        for member in lineage(stage):
            for command in context.build.runs(member):
                if command.name not in ("useradd", "adduser"):
                    continue
                number = command.option_value("-u", "--uid")
                name = _name(command)
                if number is None or not number.text.isdecimal() or name is None:
                    continue
                other = owners.setdefault(number.text, name)
                if other != name and member is stage:
                    message = (
                        f"`{name}` gets the number {number.text} of `{other}`: for the kernel they are one"
                    )
                    yield self.at(number.span, message)


def _name(command: Command) -> str | None:
    names = [arg.value for arg in command.args if arg.value and not arg.text.startswith("-")]
    return names[-1] if names and not names[-1].isdecimal() else None
