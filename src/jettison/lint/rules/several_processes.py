"""SIG106 several-processes."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.build import Stage
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._process import SUPERVISORS, has_init, shell_scripts, starters, target_stage
from jettison.lint.rules._script import background

_SERVICE = "nobody notices when this service ends, and SIGTERM does not reach it"


class SeveralProcesses(Rule):
    """Flags a container that starts several services.

    ## What it does
    Looks in ENTRYPOINT and CMD for `&` behind a command, for `service X start` and its like before another
    command, and for supervisors (supervisord, runit, pm2).

    ## Why is this bad?
    The engine watches process 1. Of the others nobody notices that they ended, nobody collects the zombies
    that they leave, and SIGTERM does not reach them. They can only be updated, limited and scaled together.

    ## Example
    ```dockerfile
    CMD redis-server & python /srv/app.py
    ```

    ## Use instead
    ```dockerfile
    CMD ["python", "/srv/app.py"]
    ```

    ## When to ignore
    When the two cannot be apart; then with an init (`tini`, `--init`) in front.

    ## Sources
    - Docker documentation, "Run multiple processes in a container", "Decouple applications"
    """

    code = "SIG106"
    name = "several-processes"
    severity = Severity.WARNING

    def stage(self, stage: Stage, context: Context) -> Iterator[Finding]:
        """What the stage that is built starts."""
        if not target_stage(stage, context):
            return
        for node in starters(stage):
            for command in context.build.commands(node):
                if command.name in SUPERVISORS and command.name not in ("pm2", "pm2-runtime"):
                    message = f"`{command.name}` runs several services, of which the engine sees none"
                    yield self.at(command.name_span, message, severity=Severity.INFO)
                elif command.name == "service" and "start" in command.words:
                    yield self.at(command.span, _SERVICE)
            if has_init(stage, context.build):
                continue
            for script in shell_scripts(node, context.build):
                for place in background(script):
                    message = (
                        "nobody notices when what `&` starts ends, collects its zombies, or sends it SIGTERM"
                    )
                    yield self.at(place, message)
