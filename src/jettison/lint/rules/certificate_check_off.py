"""SUP104 certificate-check-off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Arg, Command
from jettison.lint.fix import Applicability, Fix, replace
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._download import CURL_VALUES
from jettison.lint.rules._trust import without

_OPTIONS: Final = {
    "curl": ("-k", "--insecure", "--proxy-insecure"),
    "wget": ("--no-check-certificate",),
    "aria2c": ("--check-certificate=false",),
    "http": ("--verify=no", "--verify=false"),
    "helm": ("--insecure-skip-tls-verify",),
    "conda": ("--insecure", "-k"),
}
_SETTERS: Final = {
    "git": r"(?:http(?:\.\S+)?\.)?sslverify[= ](?:0|false|no|off)",
    **dict.fromkeys(("npm", "yarn", "pnpm"), r"strict-ssl[= ](?:false|0)"),
    **dict.fromkeys(("yum", "dnf", "microdnf", "yum-config-manager"), r"sslverify=(?:0|false|no)"),
    "conda": r"ssl_verify (?:false|no)",
    **dict.fromkeys(("apt-get", "apt"), r"Acquire::https(?:::[\w.-]+)?::Verify-(?:Peer|Host)=\"?false"),
    "composer": r"(?:disable-tls true|secure-http false)",
    **dict.fromkeys(("pip", "pip2", "pip3"), r"trusted-host"),
}


class CertificateCheckOff(Rule):
    """Flags options that turn off the check of certificates.

    ## What it does
    Looks for `curl -k`, `wget --no-check-certificate`, `pip --trusted-host`, `git -c http.sslVerify=false`,
    `npm config set strict-ssl false`, `yum --setopt=sslverify=0`, and the same switch of apt, conda, composer
    and others.

    ## Why is this bad?
    Without the check anybody on the way can answer in the place of the server. What they send is installed
    with the rights of root.

    ## Example
    ```dockerfile
    RUN curl -fsSL -k -o /tmp/tool.tar.gz https://example.org/tool.tar.gz
    ```

    ## Use instead
    ```dockerfile
    RUN curl -fsSL -o /tmp/tool.tar.gz https://example.org/tool.tar.gz
    ```

    ## When to ignore
    When a checksum or signature is verified afterwards. For a company's own authority, install its
    certificate instead.

    ## Fix safety
    Unsafe: the option is removed, and a server whose certificate is not trusted stops the build.

    ## Sources
    - checkov CKV2_DOCKER_2, CKV2_DOCKER_3, CKV2_DOCKER_4, CKV2_DOCKER_13, CKV2_DOCKER_15
    - curl(1), wget(1), pip documentation
    """

    code = "SUP104"
    name = "certificate-check-off"
    severity = Severity.ERROR
    aliases = ("CKV2_DOCKER_2", "CKV2_DOCKER_3", "CKV2_DOCKER_4", "CKV2_DOCKER_13", "CKV2_DOCKER_15")
    fixable = Applicability.UNSAFE
    programs = frozenset(_OPTIONS) | frozenset(_SETTERS)

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Options and settings of one command."""
        message = f"`{command.name}` takes the answer of anybody on the way: the certificate is not checked"
        option = _option(command)
        if option is not None:
            yield self.at(option.span, message, fix=_fix(command, option))
            return
        pattern = _SETTERS.get(command.name)
        found = _setting(command, pattern) if pattern else None
        if found:
            fix = without(command, found, f"remove {found[0].text}") if _is_option(command, found) else None
            yield self.at(found[-1].span, message, fix=fix)


def _option(command: Command) -> Arg | None:
    names = _OPTIONS.get(command.name, ())
    if command.name != "curl":
        return next((arg for arg in command.args if arg.text in names), None)
    takes_value = False
    for arg in command.args:
        if takes_value:
            takes_value = False
        elif arg.text in names or re.fullmatch(r"-[a-zA-Z#]*k[a-zA-Z#]*", arg.text):
            return arg
        else:
            takes_value = arg.text in CURL_VALUES
    return None


def _setting(command: Command, pattern: str) -> list[Arg]:
    """The one or two arguments that hold a setting."""
    for index, arg in enumerate(command.args):
        pair = f"{arg.text} {command.args[index + 1].text}" if index + 1 < len(command.args) else arg.text
        if re.search(pattern, arg.text, re.IGNORECASE):
            takes = arg.text == "--trusted-host" and index + 1 < len(command.args)
            before = (
                command.args[index - 1 : index]
                if index and command.args[index - 1].text in ("-c", "-o")
                else ()
            )
            return [*before, arg, *(command.args[index + 1 : index + 2] if takes else ())]
        if re.fullmatch(pattern, pair, re.IGNORECASE):
            return [arg, command.args[index + 1]]
    return []


def _is_option(command: Command, found: list[Arg]) -> bool:
    """Whether the setting holds for this command only, so that it can be left out."""
    return found[0].text.startswith("-") and "config" not in command.words


def _fix(command: Command, option: Arg) -> Fix | None:
    if len(option.text) == 2 or option.text.startswith("--"):
        return without(command, [option], f"remove {option.text}")
    if not command.editable or option.raw != option.text:
        return None
    edit = replace(option.span, option.text.replace("k", ""))
    return Fix("remove -k", (edit,), Applicability.UNSAFE)
