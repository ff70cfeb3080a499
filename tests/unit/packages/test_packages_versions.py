"""Versions are ordered as each ecosystem's own tool orders them."""

import shutil
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from jettison.packages.model import Ecosystem
from jettison.packages.versions import compare

DEB = st.from_regex(r"\A([0-3]:)?[0-3][0-9a-c.+~]{0,5}(-[0-2a-b~.+]{1,3})?\Z")
PEP440 = st.from_regex(r"\A([12]!)?[0-3](\.[0-2]){0,3}((a|b|rc)[0-2])?(\.post[0-2])?(\.dev[0-2])?\Z")


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="needs dpkg")
@settings(max_examples=300)
@given(DEB, DEB)
def test_deb_versions_are_ordered_as_dpkg_orders_them(left: str, right: str) -> None:
    found = compare(Ecosystem.DEB, left, right)
    relation = "lt" if found < 0 else "gt" if found else "eq"
    done = subprocess.run(["dpkg", "--compare-versions", left, relation, right], capture_output=True)
    assert done.returncode == 0


@given(PEP440, PEP440)
def test_python_versions_are_ordered_as_packaging_orders_them(left: str, right: str) -> None:
    one, other = Version(left), Version(right)
    assert compare(Ecosystem.PYPI, left, right) == (one > other) - (one < other)


@pytest.mark.parametrize(
    ("ecosystem", "ordered"),
    [
        (Ecosystem.RPM, "1.0~rc1 1.0 1.0^git1 1.0a 1.0.1 1.2-1 1.2-1.el9 1.10-1 1:0.1-1"),
        (Ecosystem.APK, "1.2_alpha 1.2_alpha2 1.2_beta 1.2_rc1 1.2 1.2_p1 1.2a 1.2.1 1.2.1-r1 1.10-r0 2"),
        (
            Ecosystem.NPM,
            "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0 1.0.1 1.10.0",
        ),
        (Ecosystem.GOLANG, "v0.0.0-20200101 v0.0.1 v1.2.3-rc.1 v1.2.3 go1.21.0 go1.21.10"),
        (Ecosystem.MAVEN, "1.0-alpha-1 1.0-beta-2 1.0-rc1 1.0.0.Final 1.0.1 1.9 1.10"),
        (Ecosystem.GEM, "1.0.a 1.0.b2 1.0 1.0.1.pre 1.0.1 2.0"),
    ],
)
def test_versions_ascend(ecosystem: Ecosystem, ordered: str) -> None:
    versions = ordered.split()
    for older, newer in pairwise(versions):
        assert compare(ecosystem, older, newer) < 0, (older, newer)
        assert compare(ecosystem, newer, older) > 0, (older, newer)
    assert all(compare(ecosystem, version, version) == 0 for version in versions)
