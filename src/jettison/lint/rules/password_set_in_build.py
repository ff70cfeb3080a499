"""SEC105 password-set-in-build."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity


class PasswordSetInBuild(Rule):
    """Flags passwords of system users that are set, or removed, while the image is built.

    ## What it does
    Looks for `chpasswd`, `passwd` (also `-d` and `-u`, which open the account), and `-p` of `useradd`
    and `usermod`.

    ## Why is this bad?
    The password is the same in every container and stands in the history. A container needs none: who may
    enter it does so through the engine.

    ## Example
    ```dockerfile
    RUN echo "root:secret" | chpasswd
    ```

    ## Use instead
    ```dockerfile
    RUN useradd --uid 10001 --no-create-home app
    USER 10001
    ```

    ## When to ignore
    In images of login servers for tests.

    ## Sources
    - checkov CKV2_DOCKER_17, dockle DKL-LI-0001
    - chpasswd(8), passwd(1)
    """

    code = "SEC105"
    name = "password-set-in-build"
    severity = Severity.ERROR
    aliases = ("CKV2_DOCKER_17", "DKL-LI-0001")
    programs = frozenset({"chpasswd", "passwd", "useradd", "usermod"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """A command that gives an account a password or takes it away."""
        if command.name in ("useradd", "usermod"):
            value = command.option_value("-p", "--password")
            if value is not None and value.text not in ("", "!", "*", "x"):
                yield self.at(value.span, "the password of this user is the same in every container")
        elif command.name == "passwd" and command.has("-d", "--delete", "-u", "--unlock"):
            yield self.at(command.span, "an account without a password is open to everybody")
        elif command.name == "chpasswd" or not command.has(
            "-l", "--lock", "-e", "--expire", "-S", "--status"
        ):
            yield self.at(command.name_span, "the password that is set here is the same in every container")
