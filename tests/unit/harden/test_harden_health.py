"""Which answers tell about health, and which only look so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jettison.harden.operations.health import (
    Health,
    Role,
    documented,
    hints,
    liveness,
    names_dependencies,
    readiness,
    role_of,
    tells,
)
from jettison.workload.client import Answer
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.responses import content_of

HERE = Endpoint(8080, Scheme.HTTP)


def answer(text="", status=200, **headers):
    return Answer(status, headers, content_of(text.encode()))


def path(path, role, *, dependencies=False):
    return Health(HERE, path, role, "", dependencies)


class TestTells:
    """An answer beside that to a path that cannot exist."""

    def test_an_answer_where_others_are_not_found(self):
        assert tells("/healthz", answer("anything"), "/abc", answer("", 404))

    def test_an_answer_where_others_are_refused_or_fail(self):
        assert tells("/healthz", answer("ok"), "/abc", Answer(error="timed out"))
        assert tells("/healthz", answer("ok"), "/abc", answer("", 302))

    def test_a_page_for_everything_tells_nothing(self):
        page = "<html>Welcome, all is up and ok</html>"
        assert not tells("/health", answer(page), "/abc", answer(page))

    def test_an_echo_tells_nothing(self):
        assert not tells("/health", answer("GET /health at 17:01"), "/a1b2", answer("GET /a1b2 at 17:02"))

    def test_a_page_with_a_token_tells_nothing(self):
        first, second = (f"<form token={token}>" for token in ("a" * 20 + "1", "b" * 20 + "2"))
        assert not tells("/health", answer(first), "/abc", answer(second))

    def test_health_beside_a_catch_all_is_found(self):
        assert tells("/health", answer('{"status": "UP"}'), "/abc", answer("<html>the application</html>"))

    @given(st.text(max_size=200))
    def test_the_same_answer_to_everything_never_tells(self, text):
        assert not tells("/health", answer(text), "/abc", answer(text))


@pytest.mark.parametrize(
    ("given_path", "role"),
    [
        ("/healthz", Role.GENERAL),
        ("/api/v2/health", Role.GENERAL),
        ("/health/live", Role.LIVE),
        ("/livez", Role.LIVE),
        ("/ping", Role.LIVE),
        ("/health/ready/", Role.READY),
        ("/_ready", Role.READY),
        ("/", None),
        ("/healthy-food", None),
        ("/users", None),
        ("/upload", None),
    ],
)
def test_a_path_is_named_for_a_role(given_path, role):
    assert role_of(given_path) is role


class TestHints:
    """Paths that an image or an application proposes."""

    def test_a_healthcheck_names_its_path_whatever_it_is(self):
        assert hints(["curl -f http://localhost:8080/internal/check || exit 1"], []) == ("/internal/check",)

    def test_of_other_paths_only_those_named_for_health(self):
        assert hints([], ["/users", "/api/health", "/health?full=1", "/health/{id}"]) == ("/api/health",)

    @pytest.mark.parametrize("bad", ['/health"; rm -rf / #', "/health$(id)", "/health\n", "/he`id`/health"])
    def test_nothing_that_means_something_to_a_shell_or_an_interpreter(self, bad):
        assert hints([], [bad]) == ()
        assert all(set('"$`;\n') & set(path) == set() for path in hints([f"curl http://localhost{bad}"], []))

    def test_they_are_few(self):
        assert len(hints([], [f"/{number}/health" for number in range(1000)])) == 20


class TestDocumented:
    """Paths of an OpenAPI document."""

    def test_those_that_take_get(self):
        assert documented('{"paths": {"/health": {"get": {}}, "/run": {"post": {}}}}') == ["/health"]

    @pytest.mark.parametrize("text", ["", "[]", '{"paths": []}', '{"paths": {"/a": 1}}', "[" * 100_000])
    def test_none_of_what_is_no_document(self, text):
        assert documented(text) == []


class TestChoice:
    """Which of several paths becomes which probe."""

    def test_readiness_and_liveness_have_paths_of_their_own(self):
        found = [path("/health", Role.GENERAL), path("/livez", Role.LIVE), path("/readyz", Role.READY)]
        assert readiness(found).path == "/readyz"
        assert liveness(found).path == "/livez"

    def test_one_path_serves_for_both(self):
        found = [path("/healthz", Role.GENERAL)]
        assert readiness(found) is liveness(found) is found[0]

    def test_what_reports_on_a_database_restarts_nothing(self):
        found = [path("/health", Role.GENERAL, dependencies=True)]
        assert readiness(found).path == "/health"
        assert liveness(found) is None

    def test_a_readiness_path_is_never_the_liveness_probe(self):
        assert liveness([path("/ready", Role.READY)]) is None

    @pytest.mark.parametrize(
        ("text", "reports"),
        [
            ('{"status": "UP"}', False),
            ('{"status": "UP", "components": {"db": {}}}', True),
            ('{"status": "ok", "database": "connected"}', True),
            ("ok", False),
            ("[1]", False),
            ("[" * 10_000, False),
        ],
    )
    def test_dependencies_are_recognised(self, text, reports):
        assert names_dependencies(answer(text)) is reports
