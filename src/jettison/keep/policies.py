"""Which rules make up each policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from jettison.keep.policy import Policy
from jettison.keep.rules.accounts import Accounts
from jettison.keep.rules.application import Application
from jettison.keep.rules.commands import FULL_SHELL_BOX, SHELL_BOX, Commands
from jettison.keep.rules.dotnet import DotNet
from jettison.keep.rules.elf import ElfClosure
from jettison.keep.rules.erlang import Erlang
from jettison.keep.rules.folders import Folders
from jettison.keep.rules.jvm import Jvm
from jettison.keep.rules.named import Named
from jettison.keep.rules.node import NodePackages
from jettison.keep.rules.packages import WholePackages
from jettison.keep.rules.perl import Perl
from jettison.keep.rules.php import Php
from jettison.keep.rules.plugins import Plugins
from jettison.keep.rules.python import PythonCode
from jettison.keep.rules.requested import Requested
from jettison.keep.rules.ruby import Ruby
from jettison.keep.rules.scripts import Interpreters
from jettison.keep.rules.servers import Servers
from jettison.keep.rules.start import Start
from jettison.keep.rules.trace import Trace
from jettison.keep.rules.world import World

if TYPE_CHECKING:
    from jettison.keep.rule import Rule


_OBSERVED: Final[tuple[Callable[[], Rule], ...]] = (Trace, Start, ElfClosure, Interpreters, Accounts, Folders)
_BALANCED: Final[tuple[Callable[[], Rule], ...]] = (
    Application,
    Named,
    Servers,
    Plugins,
    World,
    NodePackages,
    Jvm,
    Perl,
    PythonCode,
    Ruby,
    Php,
    DotNet,
    Erlang,
    Requested,
)


def rules_of(policy: Policy, *, shell: bool | None) -> list[Rule]:
    """New rules for one plan of `policy`; `shell` as for `jettison.keep.plan.decide`."""
    rules = [make() for make in _OBSERVED]
    if policy is Policy.OBSERVED:
        return [*rules, Commands(box=FULL_SHELL_BOX)] if shell else rules
    rules += [make() for make in _BALANCED]
    if policy is Policy.PACKAGES:
        rules.append(WholePackages())
    box = FULL_SHELL_BOX if shell or policy is Policy.PACKAGES else SHELL_BOX
    return [*rules, Commands(box=box if shell is not False else ())]
