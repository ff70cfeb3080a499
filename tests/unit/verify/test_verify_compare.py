"""What counts as a difference between original and candidate, and how it is shown."""

import msgspec
import pytest

from jettison.verify.compare import Difference, compare
from jettison.verify.noise import Noise, learn
from jettison.workload.responses import Content, Kind, Response, content_of


def http(text=b"", *, run=0, status=200, kind="text/plain", step="http GET /", headers=None, error=""):
    data = text.encode() if isinstance(text, str) else text
    return Response(
        step=step,
        kind=Kind.HTTP,
        at=1_704_110_400 + run * 7.0,
        status=None if error else status,
        headers={"content-type": kind, **(headers or {})},
        body=None if error else content_of(data),
        error=error,
    )


def command(stdout=b"", stderr=b"", *, code=0, kind=Kind.HOST_EXEC):
    return Response(
        step="run", kind=kind, exit_code=code, stdout=content_of(stdout), stderr=content_of(stderr)
    )


def differences(first, second, candidate):
    return compare([first], [candidate], learn([first], [second]))


def bodies(first, second, candidate, kind="text/plain"):
    """The differences of three bodies: two of the original, one of the candidate."""
    return differences(*(http(text, run=n, kind=kind) for n, text in enumerate((first, second, candidate))))


def one(found):
    assert len(found) == 1, found
    return found[0]


def test_equal_answers_have_no_difference():
    assert bodies("a\n", "a\n", "a\n") == []


def test_status_headers_and_body_are_compared():
    a = http("x", headers={"cache-control": "no-store"})
    assert one(differences(a, a, http("x", status=404, headers={"cache-control": "no-store"}))) == Difference(
        "http GET /", "status", "200", "404"
    )
    assert one(differences(a, a, http("x"))) == Difference(
        "http GET /", "header cache-control", "no-store", ""
    )
    found = one(differences(a, a, http("x", headers={"cache-control": "public"})))
    assert (found.what, found.original, found.candidate) == ("header cache-control", "no-store", "public")
    assert one(differences(http("x"), http("x"), http("x", headers={"x-new": "1"}))).what == "header x-new"


def test_a_step_that_is_not_reached_is_a_difference():
    assert one(compare([http(), http(step="b")], [http()], Noise())) == Difference(
        "b", "step", "answered", "not reached"
    )


def test_an_error_in_place_of_an_answer_is_told_once():
    found = one(differences(http("x"), http("x"), http(error="closed without an answer")))
    assert (found.what, found.candidate) == ("error", "closed without an answer")


def test_a_candidate_that_does_not_start_shows_why_and_nothing_else():
    start = Response(step="start", kind=Kind.START, endpoints=("http :80",))
    output = content_of(b"Traceback\nImportError: no module named x\n")
    broken = Response(
        step="start", kind=Kind.START, exit_code=1, error="ended with exit code 1", stderr=output
    )
    found = one(compare([start, http("a")], [broken], Noise()))
    assert (found.step, found.what) == ("start", "error")
    assert found.candidate == "ended with exit code 1\nTraceback\nImportError: no module named x"


def test_a_failure_in_a_step_that_the_original_does_not_have_is_a_difference():
    end = Response(step="end", kind=Kind.START, error="the application had ended with exit code 139")
    assert one(compare([http()], [http(), end], Noise())).candidate == end.error


def test_unstable_steps_are_not_compared():
    assert differences(http("a"), http("b", status=500), http("c", status=404)) == []


def test_noise_is_no_difference_and_everything_else_is():
    assert bodies("pid 12 ready\n", "pid 99 ready\n", "pid 4 ready\n") == []
    found = one(bodies("pid 12 ready\n", "pid 99 ready\n", "pid 4 broken\n"))
    assert str(found) == "http GET /: body\n- pid 12 ready\n+ pid 4 broken"
    assert bodies("pid 12 ready\n", "pid 99 ready\n", "pid x ready\n") != []
    assert bodies("pid 12 ready\n", "pid 99 ready\n", "pid 12 ready\nmore\n") != []
    assert bodies("pid 12 ready\n", "pid 99 ready\n", "") != []


def test_a_clock_may_go_on_but_not_change_its_time_zone():
    first, second = "now 2024-01-01 12:00:00\n", "now 2024-01-01 12:00:07\n"
    assert bodies(first, second, "now 2024-01-01 12:00:14\n") == []
    assert one(bodies(first, second, "now 2024-01-01 11:00:14\n")).what == "body"
    assert bodies("at 12:00 CET", "at 12:00 CET", "at 12:00 UTC") != []


def test_a_clock_may_pass_a_minute_that_both_runs_of_the_original_shared():
    assert bodies("it is 12:04", "it is 12:04", "it is 12:05") == []


def test_durations_are_never_a_difference_and_other_numbers_are():
    assert bodies("took 3 ms", "took 3 ms", "took 8 ms") == []
    assert bodies("has 3 items", "has 3 items", "has 2 items") != []


def test_a_missing_item_of_json_is_shown_with_its_path():
    def text(count, request):
        return msgspec.json.encode({"items": [{"id": n} for n in range(count)], "request": request}).decode()

    assert (
        bodies(text(2, "a1b2c3d4e5"), text(2, "b2c3d4e5f6"), text(2, "ffff000011"), "application/json") == []
    )
    found = one(
        bodies(text(2, "a1b2c3d4e5"), text(2, "b2c3d4e5f6"), text(1, "ffff000011"), "application/json")
    )
    assert (found.original, found.candidate) == ("$.items[1].id: 1", "")


def test_a_type_that_changes_is_a_difference():
    assert bodies('{"a": 5}', '{"a": 5}', '{"a": "5"}') != []
    assert bodies('{"a": 5}', '{"a": 6}', '{"a": "7"}') != []
    assert bodies('{"a": []}', '{"a": []}', '{"a": {}}') != []
    assert bodies('{"a": null}', '{"a": null}', "{}") != []


def test_order_counts_unless_the_original_has_none():
    assert bodies('["a", "b"]', '["a", "b"]', '["b", "a"]') != []
    assert bodies('["a", "b", "c"]', '["b", "a", "c"]', '["c", "b", "a"]') == []
    assert bodies('["a", "b", "c"]', '["b", "a", "c"]', '["c", "b", "x"]') != []
    assert bodies("a\nb\nc", "b\na\nc", "c\nb\na") == []
    assert bodies("a\nb\nc", "b\na\nc", "c\nb\nx") != []


def test_key_order_and_spacing_of_json_are_no_difference():
    assert bodies('{"a": 1, "b": 2}', '{"a": 1, "b": 2}', '{"b":2,"a":1}') == []


def test_lines_that_come_and_go_in_the_original_may_do_so_in_the_candidate():
    first, second = "start\ncache hit 1\nend\n", "start\nend\n"
    assert bodies(first, second, second) == []
    assert bodies(first, second, first) == []
    assert bodies(first, second, "start\nother\nend\n") != []
    assert bodies(first, second, "start\n") != []


def test_words_of_trouble_are_found_where_anything_may_stand():
    assert bodies("quote: to be", "quote: or not to be today", "quote: that is all") == []
    assert bodies("quote: to be", "quote: or not to be today", "quote: Internal Server Error") != []


def test_binary_bodies_must_be_equal_unless_they_vary_by_themselves():
    first, other = b"\x89PNG\0aaaa", b"\x89PNG\0bbbb"
    assert bodies(first, first, first) == []
    assert one(bodies(first, first, other)).original.startswith("9 bytes, sha256:")
    assert bodies(first, other, b"\x89PNG\0cccc") == []
    assert bodies(first, other, b"GIF8\0cccc") != []
    assert bodies(first, other, b"") != []


def test_text_in_place_of_binary_is_a_difference():
    assert bodies(b"\x89PNG\0a", b"\x89PNG\0b", "not found") != []


def test_answers_without_end_are_compared_as_far_as_both_were_read():
    def stream(text):
        return Response(
            step="s",
            kind=Kind.HTTP,
            status=200,
            body=msgspec.structs.replace(content_of(text), truncated=True),
        )

    a = stream(b"tick\ntick\ntick\nti")
    assert differences(a, a, stream(b"tick\ntick\n")) == []
    assert differences(a, a, stream(b"tick\ntock\ntick\n")) != []


def test_long_answers_are_compared_by_digest():
    long, other = (Content(size=10**6, digest=f"sha256:{letter * 64}", head="00" * 16) for letter in "ab")
    first = Response(step="s", kind=Kind.HTTP, status=200, body=long)
    assert compare([first], [first], Noise()) == []
    assert compare([first], [msgspec.structs.replace(first, body=other)], Noise()) != []


def test_exit_codes_of_commands_must_be_equal():
    found = one(
        differences(command(), command(), command(b"", b"cannot open shared object file\n", code=127))
    )
    assert (found.what, found.original) == ("exit code", "0")
    assert found.candidate == "127\ncannot open shared object file"


def test_lines_of_a_host_command_count_by_what_they_say():
    first = command(b"ok index\nok items\nRequests/sec: 120.5\nRESULT 2/2 PASS\n")
    second = command(b"ok index\nok items\nRequests/sec: 133.1\nWARNING: spread\nRESULT 2/2 PASS\n")
    assert (
        differences(first, second, command(b"ok index\nok items\nRequests/sec: 9\nRESULT 2/2 PASS\n")) == []
    )
    found = one(
        differences(
            first, second, command(b"ok index\nFAIL items: code 500\nRequests/sec: 9\nRESULT 1/2 FAIL\n")
        )
    )
    assert found.original == "ok items\nRESULT 2/2 PASS"
    assert found.candidate == "FAIL items: code 500\nRESULT 1/2 FAIL"


def test_a_number_in_a_line_of_trouble_counts():
    first = command(b"Failed requests: 0\n")
    assert differences(first, first, command(b"Failed requests: 5\n")) != []


def test_what_a_command_inside_prints_counts_to_the_letter_and_its_log_by_what_it_says():
    def inside(out, err=b""):
        return command(out, err, kind=Kind.EXEC)

    assert differences(inside(b"3 rows\n"), inside(b"3 rows\n"), inside(b"2 rows\n")) != []
    assert (
        differences(inside(b"", b"loaded 3\n"), inside(b"", b"loaded 4\n"), inside(b"", b"loaded 9\n")) == []
    )
    assert (
        differences(inside(b""), inside(b""), inside(b"", b"perl: warning: Setting locale failed.\n")) != []
    )
    assert differences(inside(b""), inside(b""), inside(b"", b"using the default\n")) == []


def test_files_of_a_batch_job_are_compared():
    def job(**files):
        return Response(
            step="start",
            kind=Kind.BATCH,
            exit_code=0,
            files={f"/{k}": content_of(v) for k, v in files.items()},
        )

    first = job(out=b"total 5\n")
    assert differences(first, first, job(out=b"total 5\n")) == []
    assert one(differences(first, first, job(out=b"total 4\n"))).what == "file /out"
    assert one(differences(first, first, job())) == Difference("start", "file /out", "total 5", "")
    assert one(differences(first, first, job(out=b"total 5\n", core=b"\0"))).what == "file /core"


def test_an_excerpt_is_short_safe_to_print_and_without_secrets():
    old = "".join(f"line {n}\n" for n in range(30))
    new = "".join(f"other \x1b[2J{n} {'x' * 500}\n" for n in range(30))
    found = one(bodies(old, old, new))
    assert len(found.candidate.splitlines()) == 5
    assert found.candidate.splitlines()[-1] == "… 26 more lines"
    assert "\x1b" not in found.candidate
    assert max(map(len, found.candidate.splitlines())) <= 170
    assert "hunter2" not in str(one(bodies("a", "a", "password=hunter2")))


def test_a_long_line_is_shown_where_it_differs():
    line = "a " * 400
    found = one(bodies(line + "right", line + "right", line + "wrong"))
    assert found.original.endswith("right")
    assert found.candidate.endswith("wrong")


def test_a_difference_survives_json():
    found = one(bodies("a", "a", "b"))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Difference) == found


@pytest.mark.parametrize("other", [b"<p>hello</p><p>bye</p>", b"<p>hello</p>"])
def test_a_tag_that_is_missing_in_one_long_line_is_found(other):
    page = b"<ul><li>one</li></ul><p>hello</p><p>world</p>"
    assert bodies(page, page, other, "text/html") != []
