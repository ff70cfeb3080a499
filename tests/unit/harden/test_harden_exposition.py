"""The text formats of metrics: what a client library writes is read, and nothing else is taken for it."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from jettison.harden.operations.exposition import parse

NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,20}", fullmatch=True)
VALUES = st.floats(allow_nan=True, allow_infinity=True)


def registry(labels, value):
    """One gauge, one counter and one histogram with these values of a label."""
    registry = CollectorRegistry()
    gauge = Gauge("temperature", "A help text\nof two lines", ["place"], registry=registry)
    counter = Counter("requests", "", ["place"], registry=registry)
    histogram = Histogram("seconds", "", registry=registry)
    for label in labels:
        gauge.labels(label).set(value)
        counter.labels(label).inc(exemplar={"trace": "abc"})
        histogram.observe(1.5)
    return registry


@given(st.lists(st.text(max_size=20), max_size=4, unique=True), VALUES)
def test_whatever_the_client_library_writes_is_read(labels, value):
    """As many samples as the library's own parser finds, in both formats."""
    made = registry(labels, value)
    text = generate_latest(made).decode()
    expected = sum(len(family.samples) for family in text_string_to_metric_families(text))
    found = parse(text)
    assert found is not None
    assert (found.samples, found.described) == (expected, True)
    assert parse(generate_openmetrics(made).decode()) is not None


@given(NAMES, VALUES)
def test_a_lone_sample_is_read(name, value):
    """A name and a value are all that a sample needs."""
    shown = "NaN" if math.isnan(value) else "+Inf" if value == math.inf else repr(value)
    assert parse(f"{name} {shown}") is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "hello",
        "<!doctype html><html></html>",
        '{"status": "ok"}',
        "requests 1\nand then a sentence follows",
        'requests{code="200" 1',
        'requests{code="200"}',
        "requests",
        "1 requests",
        "requests 1 2 3",
        "\x00\xff",
    ],
)
def test_anything_else_is_not_taken_for_metrics(text):
    """One line that is no sample is enough."""
    assert parse(text) is None


def test_comments_that_describe_are_told_from_others():
    """TYPE, HELP and UNIT lines are what a client library writes."""
    assert parse("# TYPE a gauge\na 1").described
    assert not parse("# hello\na 1").described


@pytest.mark.parametrize(
    "line",
    ["a" * 60_000, "a{" + 'b="c",' * 9000, "a{" + " " * 60_000, "a " + "1" * 60_000, 'a{b="' + "\\" * 60_000],
)
def test_a_hostile_line_takes_no_time(line):
    """No part of a line can be read in two ways."""
    begin = time.process_time()
    parse(line)
    assert time.process_time() - begin < 1
