"""SUP105 certificate-check-off-by-variable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.source import Span
from jettison.lint.syntax import Instruction, KeyValue

_OFF: Final = re.compile(r"(?:0|false|no|off)\Z", re.IGNORECASE)
_ON: Final = re.compile(r"(?:1|true|yes|on)\Z", re.IGNORECASE)
_ANY: Final = re.compile(r"\S")
_VARIABLES: Final = {
    "PYTHONHTTPSVERIFY": _OFF,
    "NODE_TLS_REJECT_UNAUTHORIZED": _OFF,
    "NPM_CONFIG_STRICT_SSL": _OFF,
    "YARN_STRICT_SSL": _OFF,
    "YARN_ENABLE_STRICT_SSL": _OFF,
    "GIT_SSL_NO_VERIFY": _ON,
    "PIP_TRUSTED_HOST": _ANY,
    "CONDA_SSL_VERIFY": _OFF,
    "CURL_INSECURE": _ON,
    "GOINSECURE": _ANY,
    "UV_INSECURE_HOST": _ANY,
    "CARGO_HTTP_CHECK_REVOKE": _OFF,
    "COMPOSER_DISABLE_TLS": _ON,
}


class CertificateCheckOffByVariable(Rule):
    """Flags variables that turn off the check of certificates.

    ## What it does
    Looks in ENV, ARG and the variables of commands for `PYTHONHTTPSVERIFY=0`,
    `NODE_TLS_REJECT_UNAUTHORIZED=0`, `NPM_CONFIG_STRICT_SSL=false`, `GIT_SSL_NO_VERIFY=true`,
    `PIP_TRUSTED_HOST=…`, `GOINSECURE=…` and others.

    ## Why is this bad?
    In ENV the switch does not end with the build: the application in the container then talks to anybody
    who claims to be the server.

    ## Example
    ```dockerfile
    ENV NODE_TLS_REJECT_UNAUTHORIZED=0
    ```

    ## Use instead
    ```dockerfile
    COPY company-ca.crt /usr/local/share/ca-certificates/
    RUN update-ca-certificates
    ENV NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/company-ca.crt
    ```

    ## When to ignore
    In images for tests of certificates.

    ## Sources
    - checkov CKV2_DOCKER_5, CKV2_DOCKER_6, CKV2_DOCKER_12, CKV2_DOCKER_14, CKV2_DOCKER_16
    """

    code = "SUP105"
    name = "certificate-check-off-by-variable"
    severity = Severity.ERROR
    aliases = ("CKV2_DOCKER_5", "CKV2_DOCKER_6", "CKV2_DOCKER_12", "CKV2_DOCKER_14", "CKV2_DOCKER_16")
    keywords = frozenset({"ENV", "ARG", "RUN"})

    def instruction(self, node: Instruction, context: Context) -> Iterator[Finding]:
        """Pairs of ENV and ARG, and what RUN sets for its script."""
        if isinstance(node, KeyValue):
            for pair in node.pairs:
                value = None if pair.value is None else context.build.expand(pair.value.text, node)
                yield from self._judge(pair.key.text, value, pair.span)
        for script in context.build.scripts(node):
            if script.commands or script.assignments:
                for name, arg in script.assignments:
                    yield from self._judge(name, arg.value, arg.span)

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Variables for one command."""
        for name, arg in command.assignments:
            yield from self._judge(name, arg.value, arg.span)

    def _judge(self, name: str, value: str | None, span: Span) -> Iterator[Finding]:
        pattern = _VARIABLES.get(name.upper())
        if pattern is not None and value is not None and pattern.match(value):
            yield self.at(span, f"`{name}={value}` makes programs trust whoever answers")
