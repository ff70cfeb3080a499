"""Rules about package managers of distributions: where they speak and where they are silent."""

from __future__ import annotations

import pytest

from jettison.lint.rule import Rule
from jettison.lint.rules.apk_cache_kept import ApkCacheKept
from jettison.lint.rules.apk_virtual_kept import ApkVirtualKept
from jettison.lint.rules.apt_in_script import AptInScript
from jettison.lint.rules.apt_lists_kept import AptListsKept
from jettison.lint.rules.apt_recommended_packages import AptRecommendedPackages
from jettison.lint.rules.distribution_upgrade import DistributionUpgrade
from jettison.lint.rules.dnf_cache_kept import DnfCacheKept
from jettison.lint.rules.dnf_without_yes import DnfWithoutYes
from jettison.lint.rules.install_without_update import InstallWithoutUpdate
from jettison.lint.rules.package_manager_of_other_system import PackageManagerOfOtherSystem
from jettison.lint.rules.pacman_cache_kept import PacmanCacheKept
from jettison.lint.rules.pacman_without_noconfirm import PacmanWithoutNoconfirm
from jettison.lint.rules.system_upgrade import SystemUpgrade
from jettison.lint.rules.unpinned_apk_package import UnpinnedApkPackage
from jettison.lint.rules.unpinned_apt_package import UnpinnedAptPackage
from jettison.lint.rules.unpinned_rpm_package import UnpinnedRpmPackage
from jettison.lint.rules.update_in_own_layer import UpdateInOwnLayer
from jettison.lint.rules.zypper_cache_kept import ZypperCacheKept
from jettison.lint.rules.zypper_without_yes import ZypperWithoutYes
from jettison.lint.testing import complete, findings, fixed, marked


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (AptInScript, "RUN sudo apt install -y x", ["apt"]),
        (AptListsKept, "RUN rm -rf /var/lib/apt/lists/* && apt-get update", ["update"]),
        (AptRecommendedPackages, "RUN apt-get install -y x", ["install"]),
        (UpdateInOwnLayer, "RUN apt-get update\nRUN apt-get install -y x", ["apt-get update"]),
        (InstallWithoutUpdate, "RUN apt-get install -y x", ["apt-get install -y x"]),
        (DistributionUpgrade, "RUN apt-get dist-upgrade -y", ["dist-upgrade"]),
        (DistributionUpgrade, "RUN zypper -n dup", ["dup"]),
        (SystemUpgrade, "RUN apk upgrade --no-cache", ["upgrade"]),
        (SystemUpgrade, "RUN pacman -Syu --noconfirm", ["-Syu"]),
        (UnpinnedAptPackage, "RUN apt-get install -y a=1 b c/stable d", ["b"]),
        (UnpinnedApkPackage, "RUN apk add a=1 b@edge", ["b@edge"]),
        (UnpinnedRpmPackage, "RUN dnf install -y nginx-1.26 vim", ["vim"]),
        (UnpinnedRpmPackage, "RUN zypper -n in 'a=1' b", ["b"]),
        (DnfWithoutYes, "RUN yum install x && microdnf update", ["install", "update"]),
        (ZypperWithoutYes, "RUN zypper in x", ["in"]),
        (PacmanWithoutNoconfirm, "RUN pacman -R x", ["-R"]),
        (DnfCacheKept, "RUN dnf clean all && dnf install -y x", ["install"]),
        (DnfCacheKept, "RUN microdnf -y upgrade", ["upgrade"]),
        (ZypperCacheKept, "RUN zypper refresh", ["refresh"]),
        (ApkCacheKept, "RUN apk update && apk add x && apk add --no-cache y", ["add"]),
        (ApkCacheKept, "RUN apk update && apk add --no-cache y", ["update"]),
        (PacmanCacheKept, "RUN pacman -Syu --noconfirm x", ["-Syu"]),
        (ApkVirtualKept, "RUN apk add -t .build-deps x", [".build-deps"]),
        (ApkVirtualKept, "RUN apk add --virtual .x zlib-dev && apk del .y", [".x"]),
        (
            PackageManagerOfOtherSystem,
            "FROM alpine:3.22\nRUN apt-get update && apt-get install x",
            ["apt-get"],
        ),
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
        (DistributionUpgrade, "RUN dnf distro-sync -y nginx"),
        (SystemUpgrade, "RUN dnf upgrade -y openssl"),
        (UnpinnedAptPackage, "RUN echo snapshot.debian.org && apt-get install -y x"),
        (UnpinnedAptPackage, "RUN apt-get build-dep -y x && apt-get install -y ./x.deb"),
        (UnpinnedApkPackage, "RUN apk add 'a=~1' 'b>2' ./c.apk"),
        (
            UnpinnedRpmPackage,
            "RUN dnf install -y @development 'perl(DBI)' /tmp/x.rpm && dnf groupinstall -y x",
        ),
        (DnfWithoutYes, "RUN dnf -qy install x && yes | dnf install x && dnf clean all"),
        (DnfWithoutYes, "RUN echo assumeyes=1 >> /etc/dnf/dnf.conf && dnf install x"),
        (ZypperWithoutYes, "RUN zypper -n in x && zypper install -y x"),
        (PacmanWithoutNoconfirm, "RUN pacman -Sy --noconfirm x && yes | pacman -S y && pacman -Ss z"),
        (DnfCacheKept, "RUN dnf install -y x && rm -rf /var/cache/dnf /var/cache/yum"),
        (DnfCacheKept, "RUN --mount=type=cache,target=/var/cache/dnf dnf install -y x"),
        (DnfCacheKept, "FROM fedora:42 AS a\nRUN dnf install -y x\nFROM fedora:42\nCOPY --from=a /x /x"),
        (ZypperCacheKept, "RUN zypper -n in x && zypper cc -a"),
        (ApkCacheKept, "RUN apk add x && rm -rf /var/cache/apk/*"),
        (PacmanCacheKept, "RUN pacman -Syu --noconfirm x && yes | pacman -Scc"),
        (ApkVirtualKept, "RUN apk add -t .build-deps x && make && apk del .build-deps"),
        (ApkVirtualKept, "RUN apk add -t .build-deps x\nRUN make && apk del .build-deps"),
        (ApkVirtualKept, "RUN apk add --virtual .rundeps libpq"),
        (PackageManagerOfOtherSystem, "FROM alpine:3.22\nRUN if command -v apt-get; then apt-get update; fi"),
        (PackageManagerOfOtherSystem, "FROM example.com/base:alpine\nRUN apt-get update"),
        (PackageManagerOfOtherSystem, "RUN apt-get install -y dnf && dnf --installroot /x install -y y"),
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


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (DnfWithoutYes, "RUN yum install x\n", "RUN yum install -y x\n"),
        (ZypperWithoutYes, "RUN zypper in x\n", "RUN zypper --non-interactive in x\n"),
        (PacmanWithoutNoconfirm, "RUN pacman -S x\n", "RUN pacman -S --noconfirm x\n"),
        (DnfCacheKept, "RUN sudo dnf install -y x\n", "RUN sudo dnf install -y x && sudo dnf clean all\n"),
        (
            ApkCacheKept,
            "RUN apk update \\\n    && apk add x\nRUN apk add y\n",
            "RUN apk add --no-cache x\nRUN apk add --no-cache y\n",
        ),
        (
            ApkVirtualKept,
            "RUN apk add -t .build-deps gcc && make\n",
            "RUN apk add -t .build-deps gcc && make && apk del .build-deps\n",
        ),
    ],
)
def test_fix(rule: type[Rule], before: str, after: str) -> None:
    """The fix changes what it says and keeps the rest."""
    assert fixed(rule, complete(before), unsafe=True) == complete(after)


def test_a_package_that_is_removed_again_leaves_no_place_for_its_cleaner() -> None:
    """Nothing is put at the end where the program may be gone."""
    text = complete("RUN dnf install -y x && dnf remove -y dnf\n")
    assert fixed(DnfCacheKept, text, unsafe=True) == text


def test_a_removal_in_a_later_layer_is_told_with_the_lists() -> None:
    """One cause, one finding: where the lists come from, with the line that only hides them."""
    found = findings(AptListsKept, complete("RUN apt-get update\nRUN rm -rf /var/lib/apt/lists/*"))
    assert [item.message.rpartition("; ")[2] for item in found] == ["line 3 only hides them there"]


def test_only_dist_clean_removes_the_lists() -> None:
    """`apt-get clean` removes archives of packages alone."""
    text = "RUN apt-get update && apt-get install -y x && apt-get {}\n"
    assert len(findings(AptListsKept, complete(text.format("clean")))) == 1
    assert findings(AptListsKept, complete(text.format("dist-clean"))) == []
