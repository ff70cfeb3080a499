"""Rules about secrets: by value and use, not by name alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from jettison.lint.context import BuildContext
from jettison.lint.rule import Rule, Severity
from jettison.lint.rules._secrets import names_secret, secret_file
from jettison.lint.rules.environment_baked_in import EnvironmentBakedIn
from jettison.lint.rules.image_per_environment import ImagePerEnvironment
from jettison.lint.rules.password_set_in_build import PasswordSetInBuild
from jettison.lint.rules.private_key_in_build import PrivateKeyInBuild
from jettison.lint.rules.secret_build_argument import SecretBuildArgument
from jettison.lint.rules.secret_file_copied import SecretFileCopied
from jettison.lint.rules.secret_in_variable import SecretInVariable
from jettison.lint.rules.secret_literal import SecretLiteral
from jettison.lint.rules.secret_mount_kept import SecretMountKept
from jettison.lint.rules.secret_on_command_line import SecretOnCommandLine
from jettison.lint.testing import complete, findings, fixed, marked

TOKEN = "ghp_" + "a1B2" * 9
BUILDER = "FROM debian:12 AS build\n{}\nFROM debian:12\nCOPY --from=build /x /x\n"


@pytest.mark.parametrize("name", ["DB_PASSWORD", "API_KEY", "token", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"])
def test_names_that_say_secret(name: str) -> None:
    """Words of secrets anywhere between underscores, and glued to others at the end."""
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "TOKEN_URL",
        "PUBLIC_KEY",
        "KEY_FILE",
        "GPG_KEYS",
        "KEYBOARD",
        "MONKEY",
        "PASSWORD_MIN_LENGTH",
        "AUTHOR",
    ],
)
def test_names_that_only_look_like_it(name: str) -> None:
    """Public keys, places and settings of secrets are none."""
    assert not names_secret(name)


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("id_rsa", True),
        ("id_rsa.pub", False),
        ("app/.env", True),
        (".env.production", True),
        (".env.example", False),
        ("certs/server.key", True),
        ("keys/public.key", False),
        (".aws/credentials", True),
        ("service-account.json", True),
        ("environment.yml", False),
        ("src/keyboard.ts", False),
    ],
)
def test_files_with_secrets_by_name(path: str, secret: bool) -> None:
    """Private parts are told from public ones and from examples."""
    assert (secret_file(path) is not None) is secret


@pytest.mark.parametrize(
    ("rule", "text", "places"),
    [
        (SecretInVariable, "ENV A=1 DB_PASSWORD=hunter22", ["DB_PASSWORD"]),
        (SecretInVariable, "ENV DB_PASSWORD hunter22", ["DB_PASSWORD"]),
        (SecretInVariable, "ARG TOKEN=abcdefgh", ["TOKEN"]),
        (SecretInVariable, "ARG TOKEN\nENV TOKEN=$TOKEN", ["TOKEN"]),
        (SecretBuildArgument, "ARG NPM_TOKEN", ["NPM_TOKEN"]),
        (SecretBuildArgument, 'ARG NPM_TOKEN=""', ["NPM_TOKEN"]),
        (SecretLiteral, f"LABEL note={TOKEN}", [TOKEN]),
        (SecretLiteral, "RUN echo AKIAIOSFODNN7ABCDEFG > x", ["AKIAIOSFODNN7ABCDEFG"]),
        (SecretLiteral, "RUN curl https://bot:pw123@x.io/y", ["bot:pw123"]),
        (
            SecretLiteral,
            "COPY <<E /k\n-----BEGIN RSA PRIVATE KEY-----\nE",
            ["-----BEGIN RSA PRIVATE KEY-----"],
        ),
        (SecretOnCommandLine, "RUN mysql -phunter22 -e x", ["-phunter22"]),
        (SecretOnCommandLine, "RUN PGPASSWORD=hunter22 psql", ["hunter22"]),
        (SecretOnCommandLine, "RUN x --api-key=abcdef --token ghijkl", ["--api-key=abcdef", "ghijkl"]),
        (SecretOnCommandLine, "RUN curl -u me:secretpw https://x", ["me:secretpw"]),
        (
            SecretOnCommandLine,
            "RUN curl -H 'Authorization: Bearer abcdefgh' x",
            ["'Authorization: Bearer abcdefgh'"],
        ),
        (PasswordSetInBuild, "RUN echo a:b | sudo chpasswd", ["chpasswd"]),
        (PasswordSetInBuild, "RUN passwd -d root", ["passwd -d root"]),
        (PasswordSetInBuild, "RUN useradd -p abc x", ["abc"]),
        (SecretFileCopied, "COPY .env id_rsa /x/", [".env", "id_rsa"]),
        (SecretMountKept, "RUN --mount=type=secret,id=x cp /run/secrets/x /y", ["cp /run/secrets/x /y"]),
        (SecretMountKept, "RUN --mount=type=secret,id=x,target=/t cat /t > /y", ["cat /t > /y"]),
        (SecretMountKept, 'RUN --mount=type=secret,id=x,env=X echo "$X" > /y', ['echo "$X" > /y']),
        (PrivateKeyInBuild, "RUN ssh-keygen -A", ["ssh-keygen -A"]),
        (
            PrivateKeyInBuild,
            "RUN openssl req -x509 -newkey rsa:2048 -keyout k",
            ["openssl req -x509 -newkey rsa:2048 -keyout k"],
        ),
        (EnvironmentBakedIn, "ENV DB=postgres://db:5432/x", ["postgres://db:5432/x"]),
        (EnvironmentBakedIn, "ENV API=https://api.corp.internal/v1", ["https://api.corp.internal/v1"]),
        (EnvironmentBakedIn, "ENV NODE_ENV=development", ["development"]),
        (EnvironmentBakedIn, "ENV H=10.1.2.3:80", ["10.1.2.3:80"]),
        (ImagePerEnvironment, "ARG APP_ENV\nCOPY c/${APP_ENV}.yml /c", ["${APP_ENV}"]),
    ],
)
def test_rule_speaks(rule: type[Rule], text: str, places: list[str]) -> None:
    """The finding underlines the secret, or what gives it away."""
    assert marked(rule, complete(text)) == places


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (SecretInVariable, "ENV PASSWORD= TOKEN=''"),
        (SecretInVariable, "ENV PASSWORD_FILE=/run/secrets/x DB_PASSWORD=/run/secrets/y"),
        (SecretInVariable, "ENV MYSQL_ALLOW_EMPTY_PASSWORD=yes REQUIRE_AUTH=true"),
        (SecretInVariable, "ENV GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568"),
        (SecretInVariable, "ENV POSTGRES_HOST_AUTH=trust"),
        (SecretInVariable, BUILDER.format("ARG TOKEN\nENV TOKEN=$TOKEN")),
        (SecretBuildArgument, "ARG NODE_VERSION KEY_SERVER"),
        (SecretBuildArgument, "ARG TOKEN=/run/secrets/x"),
        (SecretLiteral, "RUN git clone https://$USER:$PASS@x.io/y"),
        (SecretLiteral, "RUN curl https://user:pass@x.io/y"),
        (SecretLiteral, "RUN a \\\n# https://bot:pw123@x.io\n b"),
        (SecretOnCommandLine, 'RUN mysql -p$PASS && x --token "$TOKEN" --password=$P'),
        (SecretOnCommandLine, "RUN adduser --disabled-password app"),
        (SecretOnCommandLine, "RUN docker login --password-stdin -u x"),
        (PasswordSetInBuild, "RUN passwd -l root && useradd -m x && usermod -p '*' y"),
        (SecretFileCopied, "COPY --from=x /.env /.env"),
        (SecretFileCopied, "COPY .env.example cert.pem /x/"),
        (SecretMountKept, "RUN --mount=type=secret,id=x cp /run/secrets/x /y && make && rm /y"),
        (SecretMountKept, "RUN --mount=type=secret,id=x X=$(cat /run/secrets/x) make"),
        (PrivateKeyInBuild, BUILDER.format("RUN ssh-keygen -A")),
        (PrivateKeyInBuild, "RUN ssh-keygen -R host && openssl version"),
        (PrivateKeyInBuild, "RUN openssl genrsa -out k && sign && rm k"),
        (EnvironmentBakedIn, "ENV NODE_ENV=production V=10.1.2 U=https://example.org"),
        (EnvironmentBakedIn, BUILDER.format("ENV DB=postgres://db:5432/x")),
        (ImagePerEnvironment, "ARG VERSION\nCOPY c/${VERSION}.yml /c"),
    ],
)
def test_rule_is_silent(rule: type[Rule], text: str) -> None:
    """No value, no secret; and what does not ship is judged by that."""
    assert findings(rule, complete(text)) == []


def test_arguments_of_builders_are_less_bad() -> None:
    """The history of a stage that does not ship is not published."""
    found = findings(SecretBuildArgument, BUILDER.format("ARG TOKEN\nRUN make"))
    assert [item.severity for item in found] == [Severity.INFO]


def test_argument_becomes_a_secret_mount_on_each_run_that_uses_it() -> None:
    """The ARG goes, RUN that name the variable get the mount, others stay."""
    before = "FROM debian:12\nARG TOKEN\nRUN make\nRUN curl -H $TOKEN x\n"
    after = "FROM debian:12\nRUN make\nRUN --mount=type=secret,id=TOKEN,env=TOKEN curl -H $TOKEN x\n"
    assert fixed(SecretBuildArgument, before, unsafe=True) == after


def test_no_fix_where_something_else_uses_the_argument() -> None:
    """ENV cannot read a mount."""
    text = "FROM debian:12\nARG TOKEN\nENV X=$TOKEN\nRUN make $TOKEN\n"
    assert fixed(SecretBuildArgument, text, unsafe=True) == text


def test_npmrc_is_judged_by_its_content(tmp_path: Path) -> None:
    """With the context at hand, a file without a token is no secret."""
    text = "FROM node:22\nCOPY .npmrc /root/\n"
    folder = BuildContext(tmp_path)
    (tmp_path / ".npmrc").write_text("save-exact=true\n//registry/:_authToken=${NPM_TOKEN}\n")
    assert findings(SecretFileCopied, text, folder=folder) == []
    (tmp_path / ".npmrc").write_text("//registry/:_authToken=abcdef0123\n")
    assert findings(SecretFileCopied, text, folder=BuildContext(tmp_path)) != []
