"""The model of package managers."""

from __future__ import annotations

import pytest

from jettison.lint.build import Build
from jettison.lint.packages import Kind, Verb, actions
from jettison.lint.parser import parse


def requests(script: str) -> list[tuple[str, Verb, list[tuple[str, str | None]]]]:
    """Manager, verb and packages of each request in a RUN."""
    model = Build(parse(f"FROM debian\nRUN {script}\n"))
    found = actions(model.commands(model.stages[0].instructions[0]))
    return [(item.manager.name, item.verb, [(p.name, p.version) for p in item.packages]) for item in found]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("apt-get install -y -t sid curl=7.1 vim", ("apt", Verb.INSTALL, [("curl", "=7.1"), ("vim", None)])),
        ("apk --no-cache add --virtual .b gcc~=12", ("apk", Verb.INSTALL, [("gcc", "~=12")])),
        ("dnf -y install nginx-1.20", ("dnf", Verb.INSTALL, [("nginx", "-1.20")])),
        ("yum update", ("yum", Verb.UPGRADE, [])),
        ("pip3.11 install -r r.txt flask==2.0", ("pip", Verb.INSTALL, [("flask", "==2.0")])),
        ("pip install -r r.txt", ("pip", Verb.SYNC, [])),
        ("uv pip install x", ("uv", Verb.INSTALL, [("x", None)])),
        ("npm ci", ("npm", Verb.SYNC, [])),
        ("npm i -g @scope/x@1 y", ("npm", Verb.INSTALL, [("@scope/x", "@1"), ("y", None)])),
        ("yarn", ("yarn", Verb.SYNC, [])),
        ("yarn global add x", ("yarn", Verb.INSTALL, [("x", None)])),
        ("go install a/b@v1", ("go", Verb.INSTALL, [("a/b", "@v1")])),
        ("gem install rake:13", ("gem", Verb.INSTALL, [("rake", ":13")])),
        ("npm cache clean --force", ("npm", Verb.CLEAN, [])),
        ("python -m pip install 'x>=1'", ("pip", Verb.INSTALL, [("x", ">=1")])),
    ],
)
def test_requests_are_read(script: str, expected: tuple[str, Verb, list[tuple[str, str | None]]]) -> None:
    """Verb, packages and versions of each manager."""
    assert requests(script) == [expected]


def test_places_are_told_from_names() -> None:
    """URLs, files and unknown values are no names of packages."""
    model = Build(parse("FROM debian\nRUN pip install git+https://x/y ./z . $P ${P:-a} q==$V\n"))
    found = next(actions(model.commands(model.stages[0].instructions[0])))
    kinds = [package.kind for package in found.packages]
    assert kinds == [Kind.URL, Kind.PATH, Kind.PATH, Kind.UNKNOWN, Kind.UNKNOWN, Kind.NAME]
    assert found.packages[-1].version == "==$V"
