"""Finding secrets by their form, by what they are assigned to, by the file they are in."""

import pytest

from jettison.inspect.credentials import KINDS
from jettison.inspect.secrets import entropy, is_secret_value, mask, scan
from planted import private_keys, secrets

PLANTED = secrets()
CONTEXTS = {
    "alone": "{}\n",
    "assigned": "export THING={}\n",
    "quoted": 'value = "{}";\n',
    "in json": '{{"a": 1, "b": "{}"}}',
    "in yaml": "a:\n  b: {}\n",
    "after an escape": 'x = "line\\n{}\\n"',
}


def kinds(text: str, path: bytes = b"app/notes.txt") -> list[str]:
    """The kinds found in a text."""
    return [match.kind for match in scan(text.encode(), path)]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("kind", PLANTED)
def test_every_kind_is_found_in_every_context(kind, context):
    """Whatever stands around it."""
    secret = PLANTED[kind].replace("\n", "\\n") if context == "in json" else PLANTED[kind]
    assert kind in kinds(CONTEXTS[context].format(secret))


@pytest.mark.parametrize("seed", range(2, 12))
def test_other_values_of_each_kind_are_found_too(seed):
    """Not only the one that was looked at when the pattern was written."""
    missed = [kind for kind, secret in secrets(seed).items() if kind not in kinds(f"k = '{secret}'")]
    assert missed == []


def test_every_kind_of_the_table_has_a_mark_or_a_tail():
    """Without one the quick search could not find it."""
    assert [kind.id for kind in KINDS if not (kind.marks or kind.tail or kind.literals)] == []


@pytest.mark.parametrize("key", private_keys())
def test_private_keys_of_every_form_are_found(key):
    """As lines, and as a string with escaped line breaks."""
    assert kinds(key) == ["private-key"]
    assert kinds('"' + key.replace("\n", "\\n") + '"') == ["private-key"]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAXXXXXXXXXXXXXXXX",
        "ghp_" + "x" * 36,
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "postgres://user:password@localhost/db",
        "postgres://$USER:$PASSWORD@host/db",
        "https://example.com:8080/@scope/package",
        "http://user:${PASS}@host",
        "sha512-" + "A1b2" * 22,
        "eyJhbGciOiJIUzI1NiJ9",
        "_" * 80 + "-" * 80,
        "getElementsByTagNameNSWithAVeryLongNameIndeed",
        "",
    ],
)
def test_placeholders_digests_and_names_are_no_secrets(text):
    """What scanners are hated for."""
    assert kinds(f'value = "{text}"\n', b"app/settings.py") == []


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        (b"app/.env", "DB_PASSWORD=s3cr3t-Pa55w0rd\n", "assigned-secret"),
        (b"app/config/prod.yml", "api_key: 9f8e7d6c5b4a39281706\n", "assigned-secret"),
        (b"app/settings.py", 'SECRET_KEY = "k8#jf92!ls0dkf8w72hs"\n', "assigned-secret"),
        (b"root/.netrc", "machine git.corp login bot password hunter22\n", "netrc-password"),
        (b"root/.docker/config.json", '{"auths": {"r.corp": {"auth": "Ym90Omh1bnRlcjIy"}}}', "registry-auth"),
        (b"root/.npmrc", "//r.corp/:_authToken=0f1e2d3c-4b5a-6978-8695-a4b3c2d1e0f9\n", "npm-auth"),
        (b"root/.pgpass", "db:5432:app:app:hunter22x\n", "pgpass-password"),
        (b"etc/shadow", "root:$6$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyz:1::::::\n", "password-hash"),
    ],
)
def test_files_that_keep_credentials_are_known(path, text, kind):
    """By their name, and values by the name they are assigned to."""
    assert kinds(text, path) == [kind]


@pytest.mark.parametrize(
    "line",
    [
        "password = os.environ['PASSWORD']",
        'password = "changeme"',
        "token: ${TOKEN}",
        "api_key = get_api_key()",
        'secret_key = "your-secret-key-here"',
        "password: str",
        "TOKEN_PATTERN = 'abc'",
        'password_field = "password"',
        "const token = tokens.next().value;",
    ],
)
def test_code_that_handles_passwords_holds_none(line):
    """Look-ups, placeholders, types and field names."""
    assert kinds(line + "\n", b"app/settings.py") == []


def test_assignments_in_published_files_do_not_count_but_known_forms_do():
    """A package's defaults are public."""
    text = f'password = "k8#jf92!ls0dkf8w72hs"\ntoken = "{PLANTED["github-token"]}"\n'.encode()
    assert [m.kind for m in scan(text, b"a.py", public=True)] == ["github-token"]


def test_a_match_says_where_and_shows_too_little_to_use():
    """The line, the mask, and a fingerprint that is the same wherever the secret is."""
    secret = PLANTED["github-token"]
    (first,) = scan(f"a\nb\nc {secret}\n".encode(), b"x")
    (second,) = scan(f"{secret}".encode(), b"y")
    assert (first.line, first.masked) == (3, "ghp_… (40 characters)")
    assert first.fingerprint == second.fingerprint
    assert secret[8:] not in first.masked


def test_the_mask_of_a_short_secret_shows_next_to_nothing():
    """And never control characters of the image."""
    assert mask(b"hunter2") == "h… (7 characters)"
    assert "\x1b" not in mask(b"\x1b[31m" + b"x" * 40)


def test_variables_with_secret_names_hold_secrets_unless_they_are_empty_or_refer_to_others():
    """`is_secret_value` judges environment variables and build arguments."""
    assert is_secret_value("DB_PASSWORD", "hunter22")
    assert is_secret_value("GITHUB_TOKEN", "abcdef")
    assert not is_secret_value("DB_PASSWORD", "")
    assert not is_secret_value("DB_PASSWORD", "$OTHER")
    assert not is_secret_value("DB_PASSWORD_FILE", "/run/secrets/db")
    assert not is_secret_value("TOKENIZERS_PARALLELISM", "false")
    assert not is_secret_value("PATH", "/usr/bin")


def test_entropy_is_shannon_s():
    """In bits a byte."""
    assert entropy(b"") == 0
    assert entropy(b"aaaa") == 0
    assert entropy(b"abcd") == 2
