"""Rules about stages and what is copied between them."""

from __future__ import annotations

import pytest

from jettison.lint.config import Settings
from jettison.lint.rule import Rule
from jettison.lint.rules.copy_from_own_stage import CopyFromOwnStage
from jettison.lint.rules.copy_from_unknown_stage import CopyFromUnknownStage
from jettison.lint.rules.copy_of_whole_root import CopyOfWholeRoot
from jettison.lint.rules.dead_stage import DeadStage
from jettison.lint.rules.duplicate_stage_name import DuplicateStageName
from jettison.lint.rules.instruction_before_from import InstructionBeforeFrom
from jettison.lint.rules.reserved_stage_name import ReservedStageName
from jettison.lint.rules.stage_name_casing import StageNameCasing
from jettison.lint.rules.unreferenced_stage import UnreferencedStage
from jettison.lint.testing import findings, fixed, marked

TWO = "FROM golang:1.22 AS builder\nFROM debian:12.5 AS app\n"


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (InstructionBeforeFrom, "ARG A=1\nRUN x\nENV a=b\nFROM a:1", ["RUN", "ENV"]),
        (InstructionBeforeFrom, "# syntax=docker/dockerfile:1\nRUN x", ["RUN"]),
        (DuplicateStageName, "FROM a:1 AS x\nFROM b:1 AS X\nFROM c:1", ["X"]),
        (ReservedStageName, "FROM a:1 AS Scratch\nFROM b:1", ["Scratch"]),
        (StageNameCasing, "FROM a:1 AS BASE\nFROM base", ["BASE"]),
        (DeadStage, "FROM a:1\nRUN x\nFROM b:1\n", ["FROM"]),
        (UnreferencedStage, "FROM a:1 AS lint\nFROM b:1 AS app\n", ["lint"]),
        (CopyFromUnknownStage, f"{TWO}COPY --from=2 /a /b", ["2"]),
        (CopyFromUnknownStage, f"{TWO}COPY --from=build-$ARCH /a /b", ["build-$ARCH"]),
        (CopyFromUnknownStage, f"{TWO}COPY --from=bulder /a /b", ["bulder"]),
        (CopyFromUnknownStage, f"{TWO}COPY --from=later /a /b\nFROM x:1 AS later", ["later"]),
        (CopyFromUnknownStage, f"{TWO}RUN --mount=type=bind,from=bilder,target=/x y", None),
        (CopyFromOwnStage, f"{TWO}COPY --from=App /a /b", ["App"]),
        (CopyOfWholeRoot, f"{TWO}COPY --from=builder / /", ["/"]),
        (CopyOfWholeRoot, f"{TWO}WORKDIR /\nCOPY --from=nginx:1.27 /. .", ["/."]),
    ],
)
def test_speaks(rule: type[Rule], text: str, places: list[str] | None) -> None:
    """Each is found where it stands."""
    found = marked(rule, text, settings=Settings(extend_select=frozenset({rule.code})))
    assert found == places if places is not None else len(found) == 1


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (InstructionBeforeFrom, "ARG A=1\nFROM a:$A\nRUN x"),
        (DuplicateStageName, "FROM a:1\nFROM b:1\nFROM c:1 AS x"),
        (ReservedStageName, "FROM scratch AS files\nFROM scratch"),
        (StageNameCasing, "FROM a:1 AS base\nFROM base"),
        (DeadStage, "FROM a:1\nRUN x\nFROM b:1\nCOPY --from=0 /a /b"),
        (DeadStage, "FROM a:1 AS test\nFROM b:1"),
        (
            UnreferencedStage,
            "FROM a:1 AS base\nFROM base AS tools\nFROM b:1\nRUN --mount=from=tools,target=/x y",
        ),
        (UnreferencedStage, "FROM a:1\nFROM b:1"),
        (CopyFromUnknownStage, f"{TWO}COPY --from=builder /a /b\nCOPY --from=0 /a /b"),
        (CopyFromUnknownStage, f"{TWO}COPY --from=nginx /a /b\nCOPY --from=team/builder /a /b"),
        (CopyFromUnknownStage, f"{TWO}COPY --from=sources /a /b\nONBUILD COPY --from=bulder /a /b"),
        (CopyFromUnknownStage, f"{TWO}COPY --from=app /a /b"),
        (CopyFromOwnStage, f"{TWO}COPY --from=builder /a /b\nCOPY --from=0 /a /b"),
        (CopyOfWholeRoot, "FROM a:1 AS x\nRUN y\nFROM scratch\nCOPY --from=x / /"),
        (CopyOfWholeRoot, f"FROM scratch AS files\n{TWO}COPY --from=files / /"),
        (CopyOfWholeRoot, "FROM tonistiigi/xx:1.4 AS xx\nFROM debian:12.5\nCOPY --from=xx / /"),
        (CopyOfWholeRoot, f"{TWO}COPY --from=builder / /rootfs/\nCOPY --from=builder /etc /"),
    ],
)
def test_is_silent(rule: type[Rule], text: str) -> None:
    """What is right, or cannot be known."""
    assert marked(rule, text, settings=Settings(extend_select=frozenset({rule.code}))) == []


def test_a_dead_stage_may_be_the_one_that_a_target_leaves_out() -> None:
    """With a target, stages behind it are expected to be left out."""
    text = "FROM a:1 AS app\nRUN x\nFROM b:1\nRUN y\nFROM c:1\n"
    assert findings(DeadStage, text, settings=Settings(target="app")) == []


def test_a_stage_is_renamed_with_all_that_refer_to_it() -> None:
    """FROM, COPY and mounts; another name that holds this one stays."""
    text = (
        "FROM a:1 AS Base\nFROM Base AS BaseTools\nFROM b:1\nCOPY --from=Base /a /b\n"
        "RUN --mount=type=bind,from=Base,target=/x y Base\nCOPY --from=BaseTools /a /b\n"
    )
    assert fixed(StageNameCasing, text) == (
        "FROM a:1 AS base\nFROM base AS basetools\nFROM b:1\nCOPY --from=base /a /b\n"
        "RUN --mount=type=bind,from=base,target=/x y Base\nCOPY --from=basetools /a /b\n"
    )


def test_a_misspelt_stage_is_mended() -> None:
    """Also in the middle of a mount."""
    text = f"{TWO}RUN --mount=type=bind,from=bulder,target=/x y\n"
    assert fixed(CopyFromUnknownStage, text, unsafe=True) == text.replace("bulder", "builder")
