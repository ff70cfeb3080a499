"""Rules about package managers of distributions: where they speak and where they are silent."""

from __future__ import annotations

import pytest

from jettison.lint.rule import Rule
from jettison.lint.rules.apt_in_script import AptInScript
from jettison.lint.rules.apt_lists_kept import AptListsKept
from jettison.lint.rules.apt_recommended_packages import AptRecommendedPackages
from jettison.lint.rules.install_without_update import InstallWithoutUpdate
from jettison.lint.rules.update_in_own_layer import UpdateInOwnLayer
from jettison.lint.testing import complete, findings, fixed, marked


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (AptInScript, "RUN sudo apt install -y x", ["apt"]),
        (AptListsKept, "RUN rm -rf /var/lib/apt/lists/* && apt-get update", ["update"]),
        (AptRecommendedPackages, "RUN apt-get install -y x", ["install"]),
        (UpdateInOwnLayer, "RUN apt-get update\nRUN apt-get install -y x", ["apt-get update"]),
        (InstallWithoutUpdate, "RUN apt-get install -y x", ["apt-get install -y x"]),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding underlines exactly what is wrong."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (AptListsKept, "RUN apt-get update && rm -rf /var/lib/apt/lists/*"),
        (AptListsKept, "RUN --mount=type=cache,target=/var/lib/apt apt-get update"),
        (AptListsKept, "FROM debian:12 AS a\nRUN apt-get update\nFROM debian:12\nCOPY --from=a /x /x"),
        (AptRecommendedPackages, "RUN echo 'APT::Install-Recommends \"0\";' > /x\nRUN apt-get install -y x"),
        (UpdateInOwnLayer, "RUN apt-get update && ./install.sh"),
        (InstallWithoutUpdate, "FROM example.com/base\nRUN apt-get install -y x"),
        (InstallWithoutUpdate, "RUN apt-get install -y ./x.deb"),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """Nothing is said where it is in order, does not ship, or is not known."""
    assert findings(rule, complete(text)) == []


def test_lists_are_not_removed_where_a_later_run_needs_them() -> None:
    """The fix would break the build."""
    text = complete("RUN apt-get update && apt-get install -y x\nRUN apt-get install -y y\n")
    assert fixed(AptListsKept, text) == text


def test_the_removal_follows_the_style_of_the_instruction() -> None:
    """It gets a line of its own in a RUN of several lines."""
    text = complete("RUN apt-get update \\\n && apt-get install -y x\n")
    assert fixed(AptListsKept, text) == text.rstrip() + " \\\n && rm -rf /var/lib/apt/lists/*\n"
