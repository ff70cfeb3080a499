"""SEC103 secret-literal."""

from __future__ import annotations

from collections.abc import Iterator

from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._secrets import tokens
from jettison.lint.source import Span

_PLACEHOLDERS = ("user:pass", "username:password", "xxx", "your", "token:", "***")


class SecretLiteral(Rule):
    """Flags text that is a secret by its form: tokens of well-known services, private keys, passwords in
    addresses.

    ## What it does
    Looks in all instructions, whatever the name of the variable or option, for the published formats of
    tokens (AWS, GitHub, GitLab, npm, PyPI, Slack, Stripe, Google and others), for `BEGIN PRIVATE KEY`, and
    for `https://user:password@host`.

    ## Why is this bad?
    The text of RUN, ENV, ARG and LABEL becomes the history of the image. Whoever pulls it has the secret,
    and so has whoever reads the repository.

    ## Example
    ```dockerfile
    RUN git clone https://bot:s3cr3tpw@git.example.com/app.git /srv/app
    ```

    ## Use instead
    ```dockerfile
    RUN --mount=type=ssh git clone git@git.example.com:app.git /srv/app
    ```

    ## When to ignore
    When it is revoked, or only looks like one.

    ## Sources
    - trivy DS-0031, dockle CIS-DI-0010, KICS "Passwords And Secrets"
    - the token formats published by the services
    """

    code = "SEC103"
    name = "secret-literal"
    severity = Severity.ERROR
    aliases = ("DS-0031", "DS031", "CIS-DI-0010")

    def file(self, context: Context) -> Iterator[Finding]:
        """Each secret in the text of an instruction; that of comments is not part of the image."""
        text = context.source.text
        comments = [comment.span for comment in context.dockerfile.comments]
        for what, start, end in tokens(text):
            span = Span(start, end)
            if any(word in text[start:end].lower() for word in _PLACEHOLDERS):
                continue
            if not any(comment.covers(span) for comment in comments):
                yield self.at(span, f"{what} stands in the file and in the history of the image")
