"""Which differences after a restart are failures."""

import pytest

from jettison.harden.life.restart import _is_worse
from jettison.verify.compare import Difference


@pytest.mark.parametrize(
    ("step", "what", "before", "after", "worse"),
    [
        ("http GET /", "status", "200", "500", True),
        ("http GET /", "status", "200", "404", True),
        ("start", "error", "", "nothing listens after 10 s", True),
        ("start", "listens", "http :80", "http :81", True),
        ("exec 1: app check", "exit code", "0", "1", True),
        ("http POST /users", "status", "201", "409", False),
        ("http POST /users", "status", "201", "500", True),
        ("http GET /users", "body", "1 user", "2 users", False),
        ("http GET /", "header etag", "a", "b", False),
    ],
)
def test_failures_are_told_from_data_that_stayed(step, what, before, after, worse):
    assert _is_worse(Difference(step, what, before, after)) is worse
