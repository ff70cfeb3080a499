"""Rules about what the image says of itself, and where COPY puts files."""

from __future__ import annotations

import pytest

from jettison.lint.config import Settings
from jettison.lint.rule import Rule
from jettison.lint.rules.base_of_other_platform import BaseOfOtherPlatform
from jettison.lint.rules.healthcheck_program_missing import HealthcheckProgramMissing
from jettison.lint.rules.invalid_label_key import InvalidLabelKey
from jettison.lint.rules.invalid_label_value import InvalidLabelValue
from jettison.lint.rules.invalid_port import InvalidPort
from jettison.lint.rules.label_outside_schema import LabelOutsideSchema
from jettison.lint.rules.maintainer_instruction import MaintainerInstruction
from jettison.lint.rules.missing_label import MissingLabel
from jettison.lint.rules.no_healthcheck import NoHealthcheck
from jettison.lint.rules.port_protocol_casing import PortProtocolCasing
from jettison.lint.rules.relative_copy_destination import RelativeCopyDestination
from jettison.lint.rules.relative_workdir import RelativeWorkdir
from jettison.lint.rules.repeated_cmd import RepeatedCmd
from jettison.lint.rules.repeated_entrypoint import RepeatedEntrypoint
from jettison.lint.rules.repeated_healthcheck import RepeatedHealthcheck
from jettison.lint.rules.several_sources_into_file import SeveralSourcesIntoFile
from jettison.lint.rules.ssh_port_exposed import SshPortExposed
from jettison.lint.rules.volume_changed_later import VolumeChangedLater
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
        (VolumeChangedLater, "VOLUME /d /e\nWORKDIR /e\nRUN true && echo x > y", ["y"]),
        (VolumeChangedLater, 'VOLUME ["/d"]\nRUN curl -fo /d/x https://example.org/x', ["curl"]),
        (VolumeChangedLater, "FROM a:1 AS x\nVOLUME /d/\nFROM x\nRUN chown -R me /d", ["/d"]),
        (HealthcheckProgramMissing, "HEALTHCHECK CMD curl -f http://x || exit 1", ["curl"]),
        (HealthcheckProgramMissing, 'FROM python:3.12-slim\nHEALTHCHECK CMD ["wget", "x"]', ['"wget"']),
        (HealthcheckProgramMissing, "FROM scratch\nCOPY app /app\nHEALTHCHECK CMD curl x", ["curl"]),
        (BaseOfOtherPlatform, "FROM --platform=linux/amd64 arm64v8/debian:12", ["--platform=linux/amd64"]),
        (
            BaseOfOtherPlatform,
            "FROM --platform=linux/arm64 example.com/a:nonroot-amd64",
            ["--platform=linux/arm64"],
        ),
        (
            BaseOfOtherPlatform,
            "FROM --platform=linux/amd64 mcr.microsoft.com/windows/nanoserver:ltsc2022",
            ["--platform=linux/amd64"],
        ),
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
        (VolumeChangedLater, "RUN touch /d/x\nVOLUME /d\nRUN cat /d/x > /e && cp /d/x /dd/\nCOPY a /d/"),
        (VolumeChangedLater, "FROM a:1 AS x\nVOLUME /d\nFROM b:1\nRUN touch /d/x"),
        (HealthcheckProgramMissing, "RUN apt-get install -y curl\nHEALTHCHECK CMD curl x"),
        (HealthcheckProgramMissing, "FROM alpine:3.22\nHEALTHCHECK CMD wget -q -O /dev/null http://x"),
        (HealthcheckProgramMissing, "FROM python:3.12\nHEALTHCHECK CMD curl x"),
        (HealthcheckProgramMissing, "FROM nginx:1.27-alpine\nHEALTHCHECK CMD curl x"),
        (HealthcheckProgramMissing, "RUN ./setup.sh\nHEALTHCHECK CMD curl x"),
        (HealthcheckProgramMissing, "COPY --from=tools /usr/bin /usr/bin/\nHEALTHCHECK CMD curl x"),
        (HealthcheckProgramMissing, "ARG P\nRUN apt-get install -y $P\nHEALTHCHECK CMD curl x"),
        (BaseOfOtherPlatform, "FROM --platform=linux/arm64/v8 arm64v8/debian:12"),
        (BaseOfOtherPlatform, "FROM --platform=$BUILDPLATFORM arm64v8/debian:12"),
        (BaseOfOtherPlatform, "FROM --platform=linux/amd64 debian:12"),
        (InvalidLabelValue, "ARG D\nLABEL org.opencontainers.image.created=$D other=x"),
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
        (
            VolumeChangedLater,
            "VOLUME /d\nENV A=1\nRUN touch /d/x\nUSER me",
            "ENV A=1\nRUN touch /d/x\nVOLUME /d\nUSER me",
        ),
        (VolumeChangedLater, "VOLUME $D\nRUN touch /d/x", "VOLUME $D\nRUN touch /d/x"),
    ],
)
def test_fixes(rule: type[Rule], text: str, after: str) -> None:
    """What the fix makes of it; the same text where none is offered."""
    assert fixed(rule, complete(text)) == complete(after)


def test_a_check_by_curl_becomes_one_by_wget_on_alpine() -> None:
    """busybox has a wget; other options than the plain ones are left alone."""
    base = "FROM alpine:3.22\nHEALTHCHECK --interval=5s CMD "
    after = fixed(HealthcheckProgramMissing, f"{base}curl -sf http://localhost/ || exit 1\n", unsafe=True)
    assert after == f"{base}wget -q -O /dev/null http://localhost/ || exit 1\n"
    same = f"{base}curl -XPOST http://localhost/\n"
    assert fixed(HealthcheckProgramMissing, same, unsafe=True) == same


SCHEMA = Settings(
    label_schema={
        "t": "text",
        "u": "url",
        "d": "rfc3339",
        "l": "spdx",
        "h": "hash",
        "v": "semver",
        "m": "email",
    },
    strict_labels=True,
)


@pytest.mark.parametrize(
    ("label", "good", "bad"),
    [
        ("t", "x", ["''"]),
        ("u", "https://example.org/a?b=c", ["example.org", "/a", "https://", "'https://a b'"]),
        ("d", "2024-02-29T23:59:60Z", ["2024-02-30T00:00:00Z", "2024-02-01", "2024-02-01T10:00:00"]),
        ("l", "'MIT OR (Apache-2.0 WITH LLVM-exception)'", ["Apache", "'MIT AND'", "''"]),
        ("h", "0123abc", ["main", "0123AB", "012345678901234567890123456789012345678901"]),
        ("v", "1.2.3-rc.1+build5", ["1.2", "v1.2.3", "01.2.3"]),
        ("m", "a.b+c@example.org", ["a.example.org", "'a b@example.org'", "@x"]),
    ],
)
def test_label_values_are_checked_by_type(label: str, good: str, bad: list[str]) -> None:
    """Each type takes what its standard takes."""
    assert marked(InvalidLabelValue, complete(f"LABEL {label}={good}"), settings=SCHEMA) == []
    for value in bad:
        assert marked(InvalidLabelValue, complete(f"LABEL {label}={value}"), settings=SCHEMA) == [value]


def test_labels_that_are_asked_for_may_stand_in_any_stage_below() -> None:
    """Each missing one is told once, at the stage that is built."""
    settings = Settings(label_schema={"a": "text", "b": "text"})
    text = "FROM x:1 AS y\nLABEL a=1\nFROM y\n"
    assert marked(MissingLabel, text, settings=settings) == ["FROM"]
    assert marked(MissingLabel, f"{text}LABEL b=1\n", settings=settings) == []
    assert marked(MissingLabel, f"{text}LABEL $KEY=1\n", settings=settings) == []
    assert marked(MissingLabel, text) == []


def test_labels_outside_the_schema_are_found_only_if_it_is_strict() -> None:
    """A misspelt one with what may be meant."""
    schema = {"team": "text"}
    text = complete("LABEL taem=web team=web\n")
    assert marked(LabelOutsideSchema, text, settings=Settings(label_schema=schema)) == []
    assert marked(LabelOutsideSchema, text, settings=Settings(label_schema=schema, strict_labels=True)) == [
        "taem"
    ]
