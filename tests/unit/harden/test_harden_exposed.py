"""Secrets are found where they are, harmless values are not named, and no value is ever told."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import planted
from builders import Item, tree_of
from jettison.harden.exposed import in_command, in_environment, in_files
from jettison.observe.evidence import Access, Operation

OPENED = Access(operations={Operation.OPEN}, by={"/app"})


def names(found):
    return [each.name for each in found]


class TestEnvironment:
    """Variables."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("POSTGRES_PASSWORD", "hunter2"),
            ("SECRET_KEY", "django-insecure-9f$k"),
            ("DATABASE_URL", "postgres://app:s3cr3t-word@db/app"),
            ("API_TOKEN", "0123456789abcdef"),
            ("MYSQL_ROOT_PASSWORD", "root-pw"),
        ],
    )
    def test_a_secret_is_named(self, name, value):
        (found,) = in_environment({name: value}, [])
        assert (found.where, found.name, found.baked) == ("environment", name, False)

    def test_known_forms_are_found_under_any_name(self):
        for kind, text in planted.secrets().items():
            if "\n" not in text and " " not in text and kind.endswith(("-token", "-key")):
                assert list(in_environment({"X": text}, [])), kind

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PATH", "/usr/local/bin:/usr/bin"),
            ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"),
            ("GPG_KEYS", "39B641343D8C104B2B146DC3F9C39DC0B9698544 E60913E4DF209907D8E30D96659A97C9CF2A795A"),
            ("NODE_VERSION", "20.11.1"),
            ("PYTHON_SHA256", "ab" * 32),
            ("PHP_SHA256", "cd" * 32),
            ("POSTGRES_PASSWORD_FILE", "/run/secrets/password"),
            ("TOKENIZERS_PARALLELISM", "false"),
            ("TOKEN_TTL", "86400"),
            ("TOKEN_URL", "https://login.example.com/oauth/token"),
            ("SESSION_COOKIE_NAME", "sid"),
            ("PWD", "/app"),
            ("PASSWORD", ""),
            ("SSH_AUTH_SOCK", "/run/agent"),
            ("ALLOW_EMPTY_PASSWORD", "yes"),
            ("JWT_PUBLIC_KEY", "MFwwDQYJKoZIhvcNAQ"),
            ("HOME", "/root"),
            ("API_KEY", "$UPSTREAM_KEY"),
        ],
    )
    def test_harmless_values_are_not(self, name, value):
        assert list(in_environment({name: value}, [])) == []

    def test_what_the_image_holds_is_baked(self):
        (found,) = in_environment({"DB_PASSWORD": "hunter22"}, ["DB_PASSWORD=hunter22"])
        assert found.baked
        (found,) = in_environment({"DB_PASSWORD": "another-one"}, ["DB_PASSWORD=hunter22"])
        assert not found.baked

    @given(st.text(alphabet=st.characters(codec="utf-8"), min_size=3, max_size=60).filter(str.strip))
    def test_no_field_tells_the_value(self, value):
        secret = f"Zq9{value}8xW"
        for found in in_environment({"DB_PASSWORD": secret}, []):
            assert secret not in str(msgspec.to_builtins(found).values())


class TestCommand:
    """Arguments."""

    @pytest.mark.parametrize(
        ("argv", "name"),
        [
            (["app", "--password", "hunter2"], "--password"),
            (["app", "--db-password=hunter2"], "--db-password"),
            (["redis-server", "--requirepass", "hunter2"], "--requirepass"),
            (["app", "--api_key=abcdef"], "--api_key"),
            (["app", "-token", "abcdef"], "-token"),
            (["app", "postgres://u:pa55-word@db/x"], "an argument"),
        ],
    )
    def test_a_secret_is_named(self, argv, name):
        assert names(in_command(argv, [])) == [name]
        assert "hunter2" not in str(list(in_command(argv, [])))

    @pytest.mark.parametrize(
        "argv",
        [
            ["app", "--password-file", "/run/secrets/x"],
            ["app", "--password", "--verbose"],
            ["app", "--token", "$TOKEN"],
            ["app", "--passes", "3"],
            ["app", "--bypass", "nothing"],
            ["app", "--author", "somebody"],
            ["node", "--max-old-space-size=512", "server.js"],
            ["app", "--auth-token-ttl=3600"],
            ["app", "--password"],
        ],
    )
    def test_harmless_arguments_are_not(self, argv):
        assert names(in_command(argv, [])) == []

    def test_what_the_image_says_is_baked(self):
        argv = ["app", "--token=abcdefgh"]
        assert [each.baked for each in in_command(argv, argv)] == [True]


class TestFiles:
    """Files of the image that were read."""

    def test_a_private_key_and_an_env_file(self, tmp_path):
        key = planted.private_keys()[0].encode()
        env = b"DB_PASSWORD=k9Xv2mQ8zL1p\n"
        tree = tree_of(tmp_path, {"app/tls.key": key, "app/.env": env, "app/other.key": key})
        found = list(in_files({"/app/tls.key": OPENED, "/app/.env": OPENED}, tree))
        assert sorted(names(found)) == ["/app/.env", "/app/tls.key"]
        assert all(each.baked for each in found)
        assert "k9Xv2mQ8zL1p" not in str(found)

    def test_what_was_only_looked_at_is_not_read(self, tmp_path):
        tree = tree_of(tmp_path, {"app/tls.key": planted.private_keys()[0].encode()})
        assert list(in_files({"/app/tls.key": Access(operations={Operation.STAT})}, tree)) == []

    def test_a_link_is_followed_and_told_once(self, tmp_path):
        key = planted.private_keys()[0].encode()
        tree = tree_of(
            tmp_path, [Item("a.key", key), Item("b.key", link="a.key"), Item("c.key", link="gone")]
        )
        paths = dict.fromkeys(["/a.key", "/b.key", "/c.key", "/missing.key"], OPENED)
        assert names(in_files(paths, tree)) == ["/a.key"]

    def test_defaults_of_others_are_not_named(self, tmp_path):
        text = b"password = k9Xv2mQ8zL1p\n"
        tree = tree_of(tmp_path, {"usr/lib/x/default.conf": text, "app/node_modules/x/config.ini": text})
        assert (
            list(
                in_files(
                    dict.fromkeys(["/usr/lib/x/default.conf", "/app/node_modules/x/config.ini"], OPENED), tree
                )
            )
            == []
        )
