"""Secrets in command lines."""

import pytest

from jettison.observe.arguments import masked


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([b"ls", b"-l"], (b"ls", b"-l")),
        ([b"app", b"--password", b"hunter2", b"run"], (b"app", b"--password", b"***", b"run")),
        ([b"app", b"--password=hunter2"], (b"app", b"--password=***")),
        (
            [b"app", b"--db-password", b"x", b"--token", b"y"],
            (b"app", b"--db-password", b"***", b"--token", b"***"),
        ),
        ([b"env", b"API_KEY=abc", b"HOME=/root"], (b"env", b"API_KEY=***", b"HOME=/root")),
        ([b"curl", b"-H", b"Authorization: Bearer abc"], (b"curl", b"-H", b"Authorization: ***")),
        ([b"psql", b"postgres://me:pw@db/x"], (b"psql", b"postgres://me:***@db/x")),
        (
            [b"git", b"clone", b"https://ghp_0123456789012345678901234567@h/x"],
            (b"git", b"clone", b"https://***@h/x"),
        ),
        ([b"x", b"eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc"], (b"x", b"***")),
        ([b"aws", b"AKIAIOSFODNN7EXAMPLE"], (b"aws", b"***")),
        ([b"sh", b"-c", b"PASSWORD=x exec app"], (b"sh", b"-c", b"PASSWORD=***")),
    ],
)
def test_values_that_look_like_secrets_are_masked(arguments, expected):
    assert masked(arguments) == expected


@pytest.mark.parametrize(
    "argument", [b"passwd", b"/etc/passwd", b"author", b"tokenizer.json", b"--authors", b"a:b@c"]
)
def test_harmless_words_stay(argument):
    assert masked([argument]) == (argument,)


def test_an_option_at_the_end_hides_nothing():
    assert masked([b"app", b"--token"]) == (b"app", b"--token")
