"""Rules about the user that runs."""

from __future__ import annotations

import pytest

from jettison.lint.bases import parse_base
from jettison.lint.config import Settings
from jettison.lint.engine import make_context
from jettison.lint.rule import Rule
from jettison.lint.rules._users import created_users, starting_user, user_at
from jettison.lint.rules.duplicate_user_id import DuplicateUserId
from jettison.lint.rules.no_user import NoUser
from jettison.lint.rules.passwordless_sudo import PasswordlessSudo
from jettison.lint.rules.privileged_port_of_user import PrivilegedPortOfUser
from jettison.lint.rules.setuid_program import SetuidProgram
from jettison.lint.rules.user_by_name import UserByName
from jettison.lint.rules.world_writable import WorldWritable
from jettison.lint.source import Source
from jettison.lint.testing import complete, findings, fixed, marked


@pytest.mark.parametrize(
    ("image", "user"),
    [
        ("debian:12", "root"),
        ("docker.io/library/python:3.12", "root"),
        ("elasticsearch:8", "1000"),
        ("gcr.io/distroless/static:nonroot", "65532"),
        ("gcr.io/distroless/base-debian12", "root"),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", "root"),
        ("mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled", "1654"),
        ("registry.access.redhat.com/ubi9/ubi-minimal:9.4", "root"),
        ("scratch", "root"),
        ("quay.io/team/app:1", None),
        ("mybase", None),
        ("team/app:1-alpine", None),
    ],
)
def test_users_that_images_start_with(image: str, user: str | None) -> None:
    """Known by name for official images; not known for others, whatever their tag says."""
    assert starting_user(parse_base(image)) == user


@pytest.mark.parametrize(
    ("script", "users"),
    [
        ("useradd -u 10001 -g users app", {"app": 10001}),
        ("useradd --system app", {"app": None}),
        ("adduser -D -u 5000 app", {"app": 5000}),
        ("adduser --disabled-password --gecos '' app", {"app": None}),
        ("adduser app docker", {}),
        ("useradd app && usermod -u 7 app", {"app": 7}),
    ],
)
def test_created_users(script: str, users: dict[str, int | None]) -> None:
    """Names with their numbers, from the commands that make them."""
    context = make_context(Source(f"FROM fedora:40\nRUN {script}\n"), Settings())
    assert created_users(context.build.stages[0], context) == users


def test_user_before_an_instruction() -> None:
    """USER of the stage or its parents, else that of the base; unknown variables are unknown."""
    text = "FROM debian:12 AS a\nRUN x\nUSER app:grp\nRUN x\nFROM a\nRUN x\nUSER $U\nRUN x\nFROM q/r\nRUN x\n"
    build = make_context(Source(text), Settings()).build
    runs = [node for node in build.nodes() if node.keyword == "RUN"]
    assert [user_at(node, build) for node in runs] == ["root", "app", "app", None, None]


CMD = 'CMD ["x"]'


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (NoUser, f"FROM debian:12\n{CMD}", ["debian:12"]),
        (NoUser, "FROM nginx:1.27\nCOPY a /b", ["nginx:1.27"]),
        (NoUser, f"FROM scratch\n{CMD}", ["scratch"]),
        (NoUser, f"FROM debian:12 AS a\nFROM a\n{CMD}", ["a"]),
        (UserByName, "RUN useradd app\nUSER app:app", ["app:app"]),
        (UserByName, "FROM debian:12 AS a\nUSER app\nFROM a\nRUN x", ["app"]),
        (SetuidProgram, "RUN chmod u+s /x", ["u+s"]),
        (SetuidProgram, "RUN chmod 4755 /x && install -m 6755 y /z", ["4755", "6755"]),
        (SetuidProgram, "COPY --chmod=4755 x /x", ["--chmod=4755"]),
        (WorldWritable, "RUN chmod -R 777 /x && chmod a+w /y", ["777", "a+w"]),
        (WorldWritable, "COPY --chmod=0666 x /x", ["--chmod=0666"]),
        (DuplicateUserId, "RUN useradd -o -u 0 a && useradd -u 7 b && adduser -u 7 c", ["0", "7"]),
        (PrivilegedPortOfUser, "USER 7\nEXPOSE 80 443/tcp 8080", ["80", "443/tcp"]),
        (PasswordlessSudo, "RUN echo 'x ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers", ["NOPASSWD"]),
        (PasswordlessSudo, "COPY <<E /etc/sudoers.d/x\nx ALL=(ALL) NOPASSWD:ALL\nE", ["NOPASSWD"]),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding underlines base, name or mode."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (NoUser, f"FROM debian:12\nUSER 1\n{CMD}"),
        (NoUser, f"FROM debian:12 AS a\nUSER 1\nFROM a\n{CMD}"),
        (NoUser, f"FROM team/base:1\n{CMD}"),
        (NoUser, f"FROM gcr.io/distroless/static:nonroot\n{CMD}"),
        (NoUser, "FROM postgres:16\nCOPY init.sql /docker-entrypoint-initdb.d/"),
        (NoUser, f"FROM debian:12\nRUN apt-get install -y gosu\n{CMD}"),
        (NoUser, "FROM debian:12\nRUN x"),
        (NoUser, "FROM scratch\nCOPY a /a"),
        (UserByName, "USER 10001"),
        (UserByName, "USER root"),
        (UserByName, "USER $APP_UID"),
        (UserByName, "FROM debian:12 AS b\nUSER app\nFROM debian:12\nUSER 1"),
        (UserByName, "USER app\nRUN x\nUSER 1000"),
        (SetuidProgram, "RUN chmod 755 /x && chmod 1777 /tmp && chmod g+s /x"),
        (SetuidProgram, "FROM debian:12 AS b\nRUN chmod u+s /x\nFROM debian:12\nCOPY --from=b /y /y"),
        (WorldWritable, "RUN chmod 1777 /x && chmod 775 /y && chmod u+w,g+w /z && chmod +x /w"),
        (WorldWritable, "RUN chmod 777 /tmp"),
        (DuplicateUserId, "RUN useradd -u 7 a && useradd -u 8 b && useradd c && useradd -u $U d"),
        (DuplicateUserId, "FROM a:1\nRUN useradd -u 7 a\nFROM a:1\nRUN useradd -u 7 b"),
        (PrivilegedPortOfUser, "EXPOSE 80"),
        (PrivilegedPortOfUser, "USER root\nEXPOSE 80"),
        (PrivilegedPortOfUser, "RUN setcap cap_net_bind_service=+ep /s\nUSER 7\nEXPOSE 80"),
        (PasswordlessSudo, "RUN echo x ALL=ALL > /etc/sudoers.d/x"),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """Other stages, unknown bases, programs that drop their rights."""
    assert findings(rule, complete(text)) == []


def test_a_user_that_is_made_and_not_used_is_named() -> None:
    """The message says which user was meant."""
    found = findings(NoUser, f"FROM debian:12\nRUN useradd -u 7000 app\n{CMD}\n")
    assert "`app`" in found[0].message


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (NoUser, f"FROM node:22\n{CMD}\n", f"FROM node:22\nUSER 1000\n{CMD}\n"),
        (NoUser, f"FROM scratch\n{CMD}\n", f"FROM scratch\nUSER 65532\n{CMD}\n"),
        (NoUser, f"FROM debian:12\n{CMD}\n", f"FROM debian:12\n{CMD}\n"),
        (UserByName, "FROM node:22\nUSER node\n", "FROM node:22\nUSER 1000\n"),
        (UserByName, "FROM debian:12\nUSER www-data:adm\n", "FROM debian:12\nUSER 33:adm\n"),
        (UserByName, "FROM php:8-fpm-alpine\nUSER www-data\n", "FROM php:8-fpm-alpine\nUSER www-data\n"),
        (UserByName, "FROM debian:12\nUSER bin\n", "FROM debian:12\nUSER bin\n"),
    ],
)
def test_fix(rule: type[Rule], before: str, after: str) -> None:
    """A number is written only where it is known for this base."""
    assert fixed(rule, before, unsafe=True) == after
