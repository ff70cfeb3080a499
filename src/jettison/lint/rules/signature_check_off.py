"""SUP106 signature-check-off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jettison.lint.command import Arg, Command
from jettison.lint.fix import Applicability
from jettison.lint.rule import Context, Finding, Rule, Severity
from jettison.lint.rules._trust import without

_OPTIONS: Final = {
    "apk": ("--allow-untrusted",),
    **dict.fromkeys(
        ("apt-get", "apt", "aptitude"),
        ("--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories", "--no-gpg-check"),
    ),
    **dict.fromkeys(("yum", "dnf", "microdnf", "tdnf"), ("--nogpgcheck", "--no-gpgchecks")),
    "zypper": ("--no-gpg-checks", "--gpg-auto-import-keys", "--allow-unsigned-rpm"),
    "rpm": ("--nosignature", "--nodigest", "--no-verify"),
}
_SETTINGS: Final = {
    **dict.fromkeys(
        ("apt-get", "apt", "aptitude"),
        re.compile(r"(?:AllowUnauthenticated|AllowInsecureRepositories)=\"?(?:true|1|yes)", re.I),
    ),
    **dict.fromkeys(
        ("yum", "dnf", "microdnf", "tdnf", "yum-config-manager"),
        re.compile(r"(?:repo_)?gpgcheck=(?:0|false|no)", re.I),
    ),
}
_TRUSTED: Final = re.compile(r"\[[^\]]*\btrusted=yes\b[^\]]*\](?!\s*(?:file|copy):)")
_CONFIG: Final = re.compile(
    r"^\s*(?:repo_)?gpgcheck\s*=\s*0|SigLevel\s*=\s*Never|^\s*pkg_gpgcheck\s*=\s*0", re.I | re.M
)


class SignatureCheckOff(Rule):
    """Flags packages that are installed without checking their signature.

    ## What it does
    Looks for `apk --allow-untrusted`, `apt-get --allow-unauthenticated` and `--force-yes`, `yum --nogpgcheck`
    and `gpgcheck=0`, `rpm --nosignature`, `zypper --no-gpg-checks`, and sources with `[trusted=yes]`. A
    package file from the build context given to apk is left alone, since it has no signature to check.

    ## Why is this bad?
    Packages are fetched from mirrors that nobody checks, often without TLS. The signature is all that says
    who made them.

    ## Example
    ```dockerfile
    RUN apt-get update && apt-get install -y --allow-unauthenticated tool
    ```

    ## Use instead
    ```dockerfile
    RUN apt-get update && apt-get install -y tool
    ```

    ## When to ignore
    When the package was verified in another way in the same RUN.

    ## Fix safety
    Unsafe: the option is removed, and a package without a known key stops the build.

    ## Sources
    - checkov CKV2_DOCKER_7 to CKV2_DOCKER_11
    - apt-secure(8), rpm(8), apk(8)
    """

    code = "SUP106"
    name = "signature-check-off"
    severity = Severity.ERROR
    aliases = ("CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11")
    fixable = Applicability.UNSAFE

    def command(self, command: Command, context: Context) -> Iterator[Finding]:
        """Options, settings, and lines that are written into configuration."""
        message = "the signature of packages is not checked, which is all that says who made them"
        for args in _found(command):
            yield self.at(args[-1].span, message, fix=without(command, args, f"remove {args[-1].text}"))
        if command.name in ("echo", "printf", "sed", "tee", "cat", "add-apt-repository"):
            for arg in (*command.args, *(item.target for item in command.redirects if item.target)):
                if _TRUSTED.search(arg.text) or _CONFIG.search(arg.text):
                    yield self.at(arg.span, message)


def _found(command: Command) -> Iterator[list[Arg]]:
    names = _OPTIONS.get(command.name, ())
    pattern = _SETTINGS.get(command.name)
    for index, arg in enumerate(command.args):
        if arg.text in names and not _own_package(command, arg):
            yield [arg]
        elif pattern is not None and pattern.search(arg.text):
            before = command.args[index - 1] if index else None
            yield [before, arg] if before is not None and before.text in ("-o", "--setopt") else [arg]


def _own_package(command: Command, option: Arg) -> bool:
    """Whether apk is given files only: those made locally have no signature to check."""
    names = [arg.text for arg in command.operands("-t", "--virtual", "-X", "--repository")[1:]]
    local = [name for name in names if name.endswith(".apk") and "://" not in name]
    return option.text == "--allow-untrusted" and bool(names) and local == names
