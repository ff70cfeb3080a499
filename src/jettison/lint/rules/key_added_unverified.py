"""SUP109 key-added-unverified."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jettison.lint.command import Command
from jettison.lint.rule import Context, Finding, Rule, Severity


class KeyAddedUnverified(Rule):
    r"""Flags keys that are trusted for all packages: `apt-key`, and short key numbers.

    ## What it does
    Looks for `apt-key add` and `apt-key adv`, for `gpg --recv-keys` with a number of 8 or 16 digits in place
    of the fingerprint, and for `rpm --import http://…`.

    ## Why is this bad?
    A key of `apt-key` may sign packages of every source, so the maker of one tool can replace the C library.
    Short numbers can be forged: keys with a given one are made in seconds. `apt-key` is gone from Debian 13
    and Ubuntu 24.10.

    ## Example
    ```dockerfile
    RUN curl -fsSL https://example.org/key.asc | apt-key add -
    ```

    ## Use instead
    ```dockerfile
    ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \
        https://example.org/key.asc /etc/apt/keyrings/example.asc
    RUN echo "deb [signed-by=/etc/apt/keyrings/example.asc] https://example.org/apt stable main" \
        > /etc/apt/sources.list.d/example.list
    ```

    ## When to ignore
    On bases older than Debian 9, whose apt has no `signed-by`.

    ## Sources
    - apt-key(8), "DEPRECATION"; "Evil 32: Check Your GPG Fingerprints"
    """

    code = "SUP109"
    name = "key-added-unverified"
    severity = Severity.WARNING
    programs = frozenset({"apt-key", "gpg", "gpg2", "rpm"})

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Commands that add keys."""
        if command.name == "apt-key":
            if {"add", "adv"}.intersection(command.words):
                yield self.at(command.name_span, "a key of `apt-key` may sign packages of every source")
            return
        if command.name == "rpm":
            url = command.option_value("--import")
            if url is not None and url.text.startswith("http://"):
                yield self.at(url.span, "everybody on the way can replace this key")
            return
        if not command.has("--recv-keys", "--recv-key", "--recv"):
            return
        for arg in command.args:
            if re.fullmatch(r"(?:0x)?(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16})", arg.text):
                yield self.at(
                    arg.span, f"`{arg.text}` is no fingerprint; keys with this number can be forged"
                )
