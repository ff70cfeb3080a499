"""Downloads: what `curl` and `wget` fetch, and where it goes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from jettison.lint.command import Arg, Command

CURL_VALUES: Final = (
    *("-o", "--output", "-H", "--header", "-d", "--data", "--data-raw", "--data-binary", "-X", "--request"),
    *("-u", "--user", "-A", "--user-agent", "-e", "--referer", "-b", "--cookie", "-c", "--cookie-jar"),
    *("-m", "--max-time", "--connect-timeout", "--retry", "--retry-delay", "--retry-max-time", "-x"),
    *("--proxy", "-w", "--write-out", "--cacert", "--cert", "-E", "--key", "-F", "--form", "-r", "--range"),
    *("-T", "--upload-file", "-C", "--continue-at", "--ciphers", "--proto", "-K", "--config", "-D"),
    *("--output-dir", "-Y", "--speed-limit", "-y", "--speed-time", "--tls-max", "--limit-rate", "--resolve"),
    *("--create-file-mode", "--max-filesize", "--noproxy", "--dump-header", "--proto-redir"),
)
WGET_VALUES: Final = (
    *("-O", "--output-document", "-P", "--directory-prefix", "-o", "--output-file", "-a", "--append-output"),
    *("-t", "--tries", "-T", "--timeout", "-U", "--user-agent", "-e", "--execute", "-w", "--wait", "-Q"),
    *(
        "--header",
        "-A",
        "--accept",
        "-R",
        "--reject",
        "-l",
        "--level",
        "-i",
        "--input-file",
        "-D",
        "-I",
        "-X",
    ),
    *("--user", "--password", "--ca-certificate", "--cut-dirs", "--post-data", "--post-file"),
)
FETCHERS: Final = frozenset({"curl", "wget"})
SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
_URL: Final = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_OFFSET: Final = re.compile(r"-[sSfLgkvq#0-46JRNi]*[oO]\Z")


@dataclass(frozen=True, slots=True)
class Download:
    """One address that a command fetches."""

    url: Arg
    output: str | None
    """The file it is written to as the command says it; empty for standard output, None if not known."""
    command: Command


def downloads(command: Command) -> list[Download]:
    """What a `curl` or `wget` fetches; nothing for other commands, and for sending data."""
    if command.name == "curl":
        if command.has("-T", "--upload-file", "-d", "--data", "-F", "--form", "-I", "--head"):
            return []
        args = _operands(command, CURL_VALUES)
        return [Download(arg, _curl_output(command, arg), command) for arg in args]
    if command.name == "wget" and not command.has("--spider", "--post-data", "--post-file"):
        args = _operands(command, WGET_VALUES)
        return [Download(arg, _wget_output(command, arg), command) for arg in args]
    return []


def _operands(command: Command, values: Iterable[str]) -> list[Arg]:
    takes = frozenset(values)
    found: list[Arg] = []
    skip = False
    for arg in command.args:
        if skip:
            skip = False
        elif arg.text.startswith("-") and len(arg.text) > 1:
            skip = arg.text in takes or bool(_OFFSET.match(arg.text) and arg.text[-1] == "o")
        elif _URL.match(arg.text) or (arg.value is None and "$" in arg.raw):
            found.append(arg)
    return found


def _curl_output(command: Command, url: Arg) -> str | None:
    output = _cluster_value(command, "o", "--output")
    if output is not None:
        return _named(output)
    if _clustered(command, "O") or command.has("--remote-name"):
        return _basename(url)
    return _redirected(command)


def _wget_output(command: Command, url: Arg) -> str | None:
    output = _cluster_value(command, "O", "--output-document")
    if output is not None:
        return _redirected(command) if output.text == "-" else _named(output)
    name = _basename(url)
    folder = _cluster_value(command, "P", "--directory-prefix")
    if folder is None or name is None:
        return name if folder is None else None
    return None if folder.value is None else posixpath.join(folder.value, name)


def _cluster_value(command: Command, letter: str, long: str) -> Arg | None:
    """The value of `-o X`, `-Lo X`, `-oX` or `--output[=| ]X`."""
    for index, arg in enumerate(command.args):
        following = command.args[index + 1] if index + 1 < len(command.args) else None
        if arg.text == long:
            return following
        if arg.text.startswith(f"{long}="):
            return Arg(arg.raw.partition("=")[2], arg.value and arg.value.partition("=")[2], arg.span)
        if re.fullmatch(r"-[a-zA-Z0-9#]*", arg.text) and arg.text.endswith(letter):
            return following
        if arg.text.startswith(f"-{letter}"):
            return Arg(arg.raw[2:], arg.value and arg.value[2:], arg.span)
        if re.match(rf"-[qncN]*{letter}-\Z", arg.text):
            return Arg("-", "-", arg.span)
    return None


def _clustered(command: Command, letter: str) -> bool:
    return any(re.fullmatch(rf"-[a-zA-Z]*{letter}[a-zA-Z]*", arg.text) for arg in command.options)


def _named(arg: Arg) -> str | None:
    return "" if arg.text == "-" else arg.value


def _redirected(command: Command) -> str | None:
    for redirect in command.redirects:
        if redirect.operator in (">", ">>", ">|") and redirect.target is not None:
            return redirect.target.value
    return ""


def _basename(url: Arg) -> str | None:
    if url.value is None:
        return None
    path = re.split(r"[?#]", url.value.partition("://")[2])[0].partition("/")[2]
    return posixpath.basename(path) or "index.html"


def host_of(url: str) -> str:
    """The host of an address in lower case, without user and port."""
    return re.sub(r":\d*\Z", "", re.split(r"[/?#]", url.partition("://")[2])[0].rpartition("@")[2]).lower()


def is_local(url: str) -> bool:
    """Whether an address stays on this machine."""
    return bool(re.match(r"(localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\])\Z", host_of(url)))
