"""SEC109 environment-baked-in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.syntax import Instruction, KeyValue

_ADDRESS: Final = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|redis|rediss|amqps?|kafka|nats|ldaps?|jdbc:\w+)://?\S",
    re.IGNORECASE,
)
_HOST: Final = re.compile(
    r"(?:https?://)?(?:[\w-]+\.)+(?:internal|local|lan|corp|intranet|svc(?:\.cluster\.local)?)(?::\d+)?(?:/|\Z)"
    r"|(?:https?://)?(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}(?::\d+)?(?:/|\Z)",
    re.IGNORECASE,
)
_STAGE_NAME: Final = re.compile(
    r"(?:NODE_ENV|RAILS_ENV|RACK_ENV|APP_ENV|FLASK_ENV|DJANGO_ENV|ENV|ENVIRONMENT|DEPLOY_ENV|SPRING_PROFILES_ACTIVE"
    r"|ASPNETCORE_ENVIRONMENT)\Z"
)
_NOT_PRODUCTION: Final = frozenset(
    {"development", "dev", "staging", "stage", "test", "testing", "qa", "uat", "local"}
)


class EnvironmentBakedIn(Rule):
    """Flags configuration of one environment in the image: addresses of databases and internal hosts, and
    names of environments other than production.

    ## What it does
    Looks in ENV of stages that ship for addresses of databases and queues, names of internal networks, and
    `NODE_ENV=development` and its like.

    ## Why is this bad?
    An image is what is moved from test to production. With the addresses of one environment inside, each
    needs a build of its own, and what was tested is not what runs.

    ## Example
    ```dockerfile
    ENV DATABASE_URL=postgres://db.staging.internal:5432/app
    ```

    ## Use instead
    ```dockerfile
    ENV DATABASE_POOL_SIZE=10
    ```

    ## When to ignore
    For defaults that work everywhere (the name of a service in Compose), and for development images.

    ## Sources
    - The Twelve-Factor App, III "Config" and V "Build, release, run"
    """

    code = "SEC109"
    name = "environment-baked-in"
    severity = Severity.INFO
    preview = True
    keywords = frozenset({"ENV"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Values that belong to one place."""
        if not isinstance(node, KeyValue) or not context.ships(node):
            return
        for pair in node.pairs:
            value = None if pair.value is None else context.build.expand(pair.value.text, node)
            if not value or pair.value is None:
                continue
            if _ADDRESS.match(value) or _HOST.match(value):
                message = (
                    f"`{pair.key.text}` holds the address of one environment; another needs another image"
                )
                yield self.at(pair.value.span, message)
            elif _STAGE_NAME.match(pair.key.text) and value.lower() in _NOT_PRODUCTION:
                message = f"`{pair.key.text}={value}` makes this an image that cannot go to production"
                yield self.at(pair.value.span, message)
