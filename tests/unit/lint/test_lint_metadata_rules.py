"""Rules about what the image says of itself, and where COPY puts files."""

from __future__ import annotations

import pytest

from jettison.lint.config import Settings
from jettison.lint.rule import Rule
from jettison.lint.rules.invalid_label_key import InvalidLabelKey
from jettison.lint.rules.invalid_port import InvalidPort
from jettison.lint.rules.maintainer_instruction import MaintainerInstruction
from jettison.lint.rules.no_healthcheck import NoHealthcheck
from jettison.lint.rules.port_protocol_casing import PortProtocolCasing
from jettison.lint.rules.relative_copy_destination import RelativeCopyDestination
from jettison.lint.rules.relative_workdir import RelativeWorkdir
from jettison.lint.rules.repeated_cmd import RepeatedCmd
from jettison.lint.rules.repeated_entrypoint import RepeatedEntrypoint
from jettison.lint.rules.repeated_healthcheck import RepeatedHealthcheck
from jettison.lint.rules.several_sources_into_file import SeveralSourcesIntoFile
from jettison.lint.rules.ssh_port_exposed import SshPortExposed
from jettison.lint.rules.volume_on_system_folder import VolumeOnSystemFolder
from jettison.lint.rules.workdir_in_system_folder import WorkdirInSystemFolder
from jettison.lint.testing import complete, fixed, marked


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (MaintainerInstruction, "maintainer me", ["maintainer me"]),
        (RepeatedCmd, "CMD a\nRUN x\nCMD b\nCMD c", ["CMD", "CMD"]),
        (RepeatedEntrypoint, "ENTRYPOINT a\nCMD x\nENTRYPOINT b", ["ENTRYPOINT"]),
        (RepeatedHealthcheck, "HEALTHCHECK NONE\nHEALTHCHECK CMD a", ["HEALTHCHECK"]),
        (NoHealthcheck, "FROM a:1 AS x\nHEALTHCHECK CMD a\nFROM b:1", ["FROM"]),
        (
            InvalidPort,
            "ARG P=70000\nEXPOSE $P 80-99999 80:80 80/http web",
            ["$P", "80-99999", "80:80", "80/http", "web"],
        ),
        (PortProtocolCasing, "EXPOSE 1/TCP 2/udp 3/Udp", ["1/TCP", "3/Udp"]),
        (SshPortExposed, "EXPOSE 80 22/tcp", ["22/tcp"]),
        (RelativeWorkdir, "WORKDIR app\nWORKDIR x", ["app"]),
        (RelativeWorkdir, "FROM scratch\nWORKDIR app", ["app"]),
        (WorkdirInSystemFolder, "WORKDIR /a\nWORKDIR /proc/1", ["/proc/1"]),
        (VolumeOnSystemFolder, 'VOLUME ["/data", "/dev/shm"]', ['"/dev/shm"']),
        (SeveralSourcesIntoFile, 'COPY a b /c\nADD ["d", "e", "/f"]', ["/c", '"/f"']),
        (InvalidLabelKey, 'LABEL A=1 "b c"=2 com.docker.x=3 d..e=4', ["A", '"b c"', "com.docker.x", "d..e"]),
        (RelativeCopyDestination, "COPY a .\nWORKDIR /x\nCOPY b .", ["."]),
    ],
)
def test_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """Each is found where it stands."""
    assert marked(rule, complete(text), settings=Settings(extend_select=frozenset({rule.code}))) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (RepeatedCmd, "FROM a:1 AS x\nCMD a\nFROM x\nCMD b"),
        (RepeatedEntrypoint, "ENTRYPOINT a\nONBUILD ENTRYPOINT b"),
        (NoHealthcheck, "FROM a:1 AS x\nHEALTHCHECK NONE\nFROM x"),
        (InvalidPort, "EXPOSE 0 65535 80-90/udp 443/TCP $ANY ${P:-80}"),
        (PortProtocolCasing, "EXPOSE 1/$PROTO 2/tcp 3"),
        (SshPortExposed, "EXPOSE 2222 22/udp $P"),
        (RelativeWorkdir, "WORKDIR /a\nWORKDIR b"),
        (RelativeWorkdir, "FROM a:1 AS x\nWORKDIR /y\nFROM x\nWORKDIR z"),
        (RelativeWorkdir, "WORKDIR $ANY\nWORKDIR C:/x"),
        (WorkdirInSystemFolder, "WORKDIR /etc\nRUN x\nWORKDIR /etc/app"),
        (VolumeOnSystemFolder, "VOLUME /device /data $X"),
        (SeveralSourcesIntoFile, "COPY a /c\nCOPY a b ./\nCOPY a b .\nCOPY a b $D\nCOPY a b C:\\\\d\\\\"),
        (InvalidLabelKey, "LABEL a.b-c_d=1 'e'=2 $X=3\nENV A=1"),
        (RelativeCopyDestination, "FROM a:1 AS x\nWORKDIR /y\nFROM x\nCOPY a b/\nADD c /d"),
        (RelativeCopyDestination, "COPY a $D/\nCOPY a C:/b"),
    ],
)
def test_is_silent(rule: type[Rule], text: str) -> None:
    """What is right, or cannot be known."""
    assert marked(rule, complete(text), settings=Settings(extend_select=frozenset({rule.code}))) == []


AUTHORS = "LABEL org.opencontainers.image.authors"


@pytest.mark.parametrize(
    ("rule", "text", "after"),
    [
        (MaintainerInstruction, "MAINTAINER A <a@b.c>", f'{AUTHORS}="A <a@b.c>"'),
        (MaintainerInstruction, 'MAINTAINER "A"', f'{AUTHORS}="A"'),
        (MaintainerInstruction, 'MAINTAINER A "B" C', 'MAINTAINER A "B" C'),
        (RepeatedCmd, "CMD a\nENTRYPOINT b\nCMD c", "ENTRYPOINT b\nCMD c"),
        (RelativeWorkdir, "WORKDIR app/", "WORKDIR /app"),
        (PortProtocolCasing, "EXPOSE 1/TCP", "EXPOSE 1/tcp"),
        (SeveralSourcesIntoFile, 'COPY ["a", "b", "/c"]', 'COPY ["a", "b", "/c/"]'),
    ],
)
def test_fixes(rule: type[Rule], text: str, after: str) -> None:
    """What the fix makes of it; the same text where none is offered."""
    assert fixed(rule, complete(text)) == complete(after)
