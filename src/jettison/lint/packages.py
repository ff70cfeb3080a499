"""Package managers: what a command asks of one, and which packages, in which versions, from where.

One table entry describes a manager; adding one needs no code. Sources: the manual pages of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from jettison.lint.command import Arg, Command


class Verb(StrEnum):
    """What is asked for, in the words of all managers."""

    INSTALL = "install"
    SYNC = "sync"
    """Install what a lock file or manifest lists."""
    REMOVE = "remove"
    REFRESH = "refresh"
    """Download the list of packages (`apt-get update`)."""
    UPGRADE = "upgrade"
    DIST_UPGRADE = "dist-upgrade"
    CLEAN = "clean"
    DOWNLOAD = "download"


class Kind(StrEnum):
    """Where a package comes from."""

    NAME = "name"
    PATH = "path"
    URL = "url"
    UNKNOWN = "unknown"
    """The argument depends on what is not known before the build."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package that is asked for; `version` is what stands behind the name, with its operator."""

    name: str
    version: str | None
    kind: Kind
    arg: Arg


@dataclass(frozen=True, kw_only=True)
class Manager:
    """How the command line of a manager is read."""

    name: str
    programs: frozenset[str]
    verbs: dict[str, Verb]
    """Subcommands, of one or two words."""
    values: frozenset[str] = frozenset()
    """Options that take the next argument."""
    version: re.Pattern[str] = re.compile(r"[=<>~!@]")
    """Where in a package argument the version starts."""
    yes: frozenset[str] = frozenset()
    """Options that answer every question."""
    paths: re.Pattern[str] = re.compile(r"\.{0,2}/|\.(?:\[|\Z)|~/|file:")


@dataclass(frozen=True, eq=False)
class Action:
    """One request to a manager."""

    manager: Manager
    verb: Verb
    command: Command
    word: Arg
    """The subcommand; a package list is extended or options are put behind it."""
    packages: tuple[Package, ...] = field(default=())

    @property
    def assumes_yes(self) -> bool:
        """Whether it asks no questions."""
        return self.command.has(*self.manager.yes)


def _manager(
    name: str,
    programs: str,
    verbs: dict[Verb, str],
    *,
    values: str = "",
    yes: str = "",
    version: str | None = None,
) -> Manager:
    table = {word.replace("_", " "): verb for verb, words in verbs.items() for word in words.split()}
    pattern = re.compile(version) if version else Manager.version
    return Manager(
        name=name,
        programs=frozenset(programs.split()),
        verbs=table,
        values=frozenset(values.split()),
        yes=frozenset(yes.split()),
        version=pattern,
    )


_I, _S, _R, _F, _U, _D, _C, _L = (
    *(Verb.INSTALL, Verb.SYNC, Verb.REMOVE, Verb.REFRESH, Verb.UPGRADE, Verb.DIST_UPGRADE, Verb.CLEAN),
    Verb.DOWNLOAD,
)
_RPM: Final = {
    _I: "install reinstall groupinstall localinstall group_install module_install in",
    _R: "remove erase autoremove",
    _F: "makecache check-update",
    _U: "update upgrade",
    _D: "distro-sync distribution-synchronization",
    _C: "clean",
    _L: "download",
}
_RPM_VALUES: Final = (
    "--installroot --releasever --enablerepo --disablerepo --repo --repoid --setopt"
    " -c --config -x --exclude --rpmverbosity"
    " --disableplugin --enableplugin --forcearch --downloaddir --destdir"
)
_RPM_VERSION: Final = r"-\d|[=<>]"
_PIP_VALUES: Final = (
    "-r --requirement -c --constraint -i --index-url --extra-index-url -f"
    " --find-links -t --target --prefix --root -e"
    " --editable --trusted-host --platform --python-version --only-binary"
    " --no-binary --timeout --retries --cache-dir"
    " --proxy --progress-bar --src -b --build --cert --client-cert --global-option"
    " --install-option -C --config-settings"
    " --use-feature --upgrade-strategy --implementation --abi -w --wheel-dir -d"
    " --dest --python -p --group --report"
)
_NPM_VALUES: Final = (
    "--prefix --registry --cache --loglevel --omit --only --include -C --tag --userconfig -w --workspace"
)

MANAGERS: Final = (
    _manager(
        "apt",
        "apt apt-get aptitude",
        {
            _I: "install reinstall build-dep",
            _R: "remove purge autoremove autopurge",
            _F: "update",
            _U: "upgrade safe-upgrade",
            _D: "dist-upgrade full-upgrade",
            _C: "clean autoclean distclean dist-clean",
            _L: "download source",
        },
        values="-o --option -c --config-file -t --target-release --default-release -a --host-architecture",
        yes="-y --yes --assume-yes -qq -f --force-yes",
        version=r"[=/]",
    ),
    _manager(
        "apk",
        "apk",
        {_I: "add", _R: "del", _F: "update", _U: "upgrade", _C: "cache_clean cache_purge", _L: "fetch"},
        values="-t --virtual -X --repository -p --root --keys-dir --repositories-file --arch"
        " --wait --cache-dir"
        " --cache-max-age",
        version=r"[=<>~@]",
    ),
    _manager(
        "dnf", "dnf dnf5", _RPM, values=_RPM_VALUES, yes="-y --assumeyes --assume-yes", version=_RPM_VERSION
    ),
    _manager("yum", "yum", _RPM, values=_RPM_VALUES, yes="-y --assumeyes --assume-yes", version=_RPM_VERSION),
    _manager("microdnf", "microdnf", _RPM, values=_RPM_VALUES, yes="-y --assumeyes", version=_RPM_VERSION),
    _manager("tdnf", "tdnf", _RPM, values=_RPM_VALUES, yes="-y --assumeyes", version=_RPM_VERSION),
    _manager(
        "zypper",
        "zypper",
        {
            _I: "install in source-install si",
            _R: "remove rm",
            _F: "refresh ref",
            _U: "update up patch",
            _D: "dist-upgrade dup",
            _C: "clean cc",
        },
        values="-R --root -D --reposd-dir -C --cache-dir -t --type -r --repo --from -c --config",
        yes="-n --non-interactive -y --no-confirm",
        version=r"[=<>]|-\d",
    ),
    _manager("pacman", "pacman", {}, yes="--noconfirm", version=r"="),
    _manager(
        "pip",
        "pip pip2 pip3",
        {_I: "install", _R: "uninstall", _C: "cache_purge cache_remove", _L: "download wheel"},
        values=_PIP_VALUES,
        version=r"[=<>~!@]",
    ),
    _manager(
        "uv",
        "uv",
        {
            _I: "pip_install add tool_install",
            _S: "sync pip_sync",
            _R: "pip_uninstall remove",
            _C: "cache_clean",
        },
        values=f"{_PIP_VALUES} --extra --no-extra --package --project --directory --index"
        " --default-index --exclude-newer",
        version=r"[=<>~!@]",
    ),
    _manager(
        "pipx",
        "pipx",
        {_I: "install inject", _U: "upgrade"},
        values="--python --pip-args --index-url --suffix",
    ),
    _manager(
        "poetry",
        "poetry",
        {_I: "add", _S: "install sync", _U: "update", _C: "cache_clear"},
        values="-C --directory -P -E -G",
    ),
    _manager("pipenv", "pipenv", {_S: "install sync"}, values="--python"),
    _manager("pdm", "pdm", {_I: "add", _S: "install sync", _U: "update"}, values="-p -G"),
    _manager(
        "conda",
        "conda mamba micromamba",
        {
            _I: "install create",
            _S: "env_create env_update",
            _U: "update upgrade",
            _R: "remove uninstall",
            _C: "clean",
        },
        values="-n --name -p --prefix -c --channel -f --file --solver",
        yes="-y --yes",
    ),
    _manager(
        "npm",
        "npm",
        {
            _I: "install i add isntall in",
            _S: "ci clean-install ic install-clean",
            _U: "update up",
            _C: "cache_clean",
            _L: "pack",
        },
        values=_NPM_VALUES,
        version=r"(?<=.)@",
    ),
    _manager(
        "yarn",
        "yarn",
        {_I: "add global_add", _S: "install", _U: "upgrade up", _C: "cache_clean", _R: "remove"},
        values="--cwd --cache-folder --registry --network-timeout --modules-folder --mutex",
        version=r"(?<=.)@",
    ),
    _manager(
        "pnpm",
        "pnpm",
        {_I: "add", _S: "install i fetch", _U: "update up", _C: "store_prune", _R: "remove"},
        values="-C --dir --filter -F --store-dir --registry --reporter",
        version=r"(?<=.)@",
    ),
    _manager("bun", "bun", {_I: "add", _S: "install i"}, values="--cwd --registry", version=r"(?<=.)@"),
    _manager(
        "gem",
        "gem",
        {_I: "install i", _U: "update", _C: "cleanup"},
        values="-v --version -i --install-dir -n --bindir --source -s -P",
        version=r":",
    ),
    _manager(
        "bundler",
        "bundle bundler",
        {_S: "install", _U: "update", _C: "clean"},
        values="--path --gemfile -j --jobs --without",
    ),
    _manager(
        "go",
        "go",
        {_I: "install get run", _S: "mod_download", _C: "clean"},
        values="-C -o -p -tags -ldflags -gcflags",
    ),
    _manager(
        "cargo",
        "cargo",
        {_I: "install binstall", _S: "fetch", _U: "update"},
        values="--git --branch --tag --rev --path --root --version --vers --features -F -j"
        " --target --profile --bin",
    ),
    _manager(
        "composer",
        "composer",
        {
            _I: "require create-project global_require",
            _S: "install",
            _U: "update",
            _C: "clear-cache clearcache",
        },
        values="-d --working-dir",
        version=r"[:=]",
    ),
    _manager("nuget", "nuget", {_I: "install", _S: "restore"}, values="-Version -OutputDirectory -Source"),
    _manager(
        "dotnet",
        "dotnet",
        {_I: "add_package tool_install tool_update", _S: "restore", _C: "nuget_locals"},
        values="--version -v --tool-path -r --runtime -s --source --configfile --framework",
    ),
)
_BY_PROGRAM: Final = {program: manager for manager in MANAGERS for program in manager.programs}
_PIP: Final = re.compile(r"pip[0-9.]*\Z")
_URL: Final = re.compile(r"(?:git\+|hg\+|svn\+)?[a-z][a-z0-9+.-]*://|git@")
PROGRAMS: Final = frozenset(_BY_PROGRAM)


def manager_of(program: str) -> Manager | None:
    """The manager behind a program's name; `pip3.11` is pip."""
    found = _BY_PROGRAM.get(program)
    return _BY_PROGRAM["pip"] if found is None and _PIP.match(program) else found


def action(command: Command) -> Action | None:
    """What a command asks of a package manager; None if it is none, or asks for something else."""
    manager = manager_of(command.name)
    if manager is None:
        return None
    if manager.name == "pacman":
        return _pacman(manager, command)
    operands = command.operands(*manager.values)
    for words in (2, 1):
        if len(operands) < words:
            continue
        verb = manager.verbs.get(" ".join(arg.text for arg in operands[:words]))
        if verb is not None:
            packages = tuple(_package(manager, arg) for arg in operands[words:])
            return _refined(Action(manager, verb, command, operands[words - 1], packages))
    if manager.name == "yarn" and not operands and not command.has("--version", "-v", "--help"):
        return Action(manager, Verb.SYNC, command, Arg("", "", command.name_span), ())
    return None


_PACMAN: Final = (
    (re.compile(r"-S\w*c|-Sc|--sync.*--clean"), Verb.CLEAN),
    (re.compile(r"-S\w*w|--sync.*--downloadonly"), Verb.DOWNLOAD),
    (re.compile(r"-S\w*u|--sync.*--sysupgrade"), Verb.UPGRADE),
    (re.compile(r"-S|--sync|-U|--upgrade"), Verb.INSTALL),
    (re.compile(r"-R|--remove"), Verb.REMOVE),
)
"""What a pacman command asks for, by its options; its verbs are options."""


def _pacman(manager: Manager, command: Command) -> Action | None:
    word = command.option("-S", "-U", "-R", "--sync", "--upgrade", "--remove")
    options = " ".join(arg.text for arg in command.options)
    verb = next((verb for pattern, verb in _PACMAN if pattern.search(options)), None)
    if word is None or verb is None or re.search(r"-S\w*[ils]", word.text):
        return None
    packages = tuple(_package(manager, arg) for arg in command.operands("-b", "--dbpath", "-r", "--root"))
    if verb is Verb.INSTALL and not packages:
        verb = Verb.REFRESH
    return Action(manager, verb, command, word, packages)


def _refined(found: Action) -> Action:
    """`npm install` and its like without packages install what the manifest lists."""
    syncs = found.manager.name in ("npm", "pip", "uv", "yarn", "cargo")
    if found.verb is Verb.INSTALL and not found.packages and syncs:
        return Action(found.manager, Verb.SYNC, found.command, found.word, ())
    return found


def actions(commands: Iterable[Command]) -> Iterator[Action]:
    """The requests among commands, in order."""
    for command in commands:
        found = action(command)
        if found is not None:
            yield found


def _package(manager: Manager, arg: Arg) -> Package:
    if arg.value is None and not manager.version.search(_without_variables(arg.raw)):
        return Package(arg.raw, None, Kind.UNKNOWN, arg)
    text = arg.text
    if _URL.match(text):
        return Package(text, None, Kind.URL, arg)
    if manager.paths.match(text) or re.search(r"\.(deb|rpm|apk|whl|tar\.gz|tgz|gem|nupkg)\Z", text):
        return Package(text, None, Kind.PATH, arg)
    match = manager.version.search(text)
    if match is None or match.start() == 0:
        return Package(text, None, Kind.NAME, arg)
    return Package(text[: match.start()], text[match.start() :], Kind.NAME, arg)


def _without_variables(raw: str) -> str:
    """A word without its expansions, so that an operator inside `${x:-y}` is not taken for a version."""
    return re.sub(r"\$\{[^}]*\}", "v", raw)
