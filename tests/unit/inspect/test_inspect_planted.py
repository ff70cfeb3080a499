"""Secrets of every kind in every place of an image: found, and shown to nobody."""

import io
import json
import urllib.parse
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from builders import Item, image_of
from jettison.inspect.model import Inspection
from jettison.inspect.scan import Result, inspect_image
from jettison.report.inspection import html, machine, markdown, screen
from planted import secrets

PLACES = ("file", "deleted file", "env", "history", "argument")
PLANTED = secrets(77)
LEAST = 0.95


def planted(tmp_path: Path) -> Result:
    """One image with each secret once in each place, each with a value of its own."""
    values = {place: secrets(index) for index, place in enumerate(PLACES)}
    env = [f"APP_{kind.replace('-', '_').upper()}={value}" for kind, value in values["env"].items()]
    history = [{"created_by": "COPY secrets /srv # buildkit"}, {"created_by": "RUN rm -r /srv/gone"}]
    history += [
        {"created_by": f"RUN /bin/sh -c login '{value}' # buildkit", "empty_layer": True}
        for value in values["history"].values()
    ]
    history += [
        {"created_by": f"|1 APP_ARG={value} /bin/sh -c make", "empty_layer": True}
        for value in values["argument"].values()
    ]
    lower = [Item(f"srv/kept/{kind}", f"x = '{value}'\n".encode()) for kind, value in values["file"].items()]
    lower += [
        Item(f"srv/gone/{kind}", f"x = '{value}'\n".encode())
        for kind, value in values["deleted file"].items()
    ]
    image = image_of(tmp_path, lower, [Item("srv/.wh.gone")], config={"Env": env}, history=history)
    return inspect_image(image)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return planted(tmp_path_factory.mktemp("planted"))


def place_of(document: Inspection, secret: object) -> str:
    place = secret.place  # type: ignore[attr-defined]
    return "deleted file" if place == "file" and secret.hidden else place  # type: ignore[attr-defined]


def test_at_least_95_of_100_are_found_in_each_place(result):
    found = Counter(place_of(result.document, each) for each in result.document.secrets or ())
    missed = {
        place: f"{found[place]} of {len(PLANTED)}" for place in PLACES if found[place] < LEAST * len(PLANTED)
    }
    assert len(PLANTED) >= 30
    assert missed == {}


def test_what_is_deleted_later_is_said_to_be_in_the_image_still(result):
    hidden = [each for each in result.document.secrets or () if each.hidden]
    assert {each.path.split("/")[1] for each in hidden} == {"gone"}


def test_no_output_shows_a_secret(result):
    """What the document, the page, the views and the machine formats say of them is masked."""
    document = result.document
    console = Console(record=True, width=200, file=io.StringIO())
    for view in (screen.summary, *screen.VIEWS.values()):
        console.print(view(document))
    outputs = {
        "json": document.to_json().decode(),
        "html": html.page(result).decode(),
        "sarif": json.dumps(json.loads(machine.sarif(document)), ensure_ascii=False),
        "junit": machine.junit(document, ()),
        "markdown": markdown.inspection(document, ()),
        "screen": console.export_text(),
    }
    shown = [
        (name, place, kind)
        for index, place in enumerate(PLACES)
        for kind, value in secrets(index).items()
        for name, text in outputs.items()
        for part in [max(value.split("\n"), key=len)]
        if (part[6:] or part) in text or urllib.parse.quote(part[6:]) in text
    ]
    assert shown == []


@pytest.mark.parametrize(
    "text",
    [
        "RUN /bin/sh -c printf 'NAME=x_%s' abc # buildkit",
        "RUN printf 'GITHUB_TOKEN=ghp_%s\\n' \"$(cat /run/secrets/t)\" > .env",
        "RUN --mount=type=secret,id=token TOKEN=$(cat /run/secrets/token) make",
        "RUN psql --password=$PGPASSWORD",
        "RUN export API_KEY=${API_KEY:?} && make",
        'RUN curl -H "Authorization: Bearer $TOKEN" https://x.test',
        "RUN sed -i 's/password_encryption = md5/password_encryption = scram-sha-256/' postgresql.conf",
        "RUN echo token_type=bearer token_url=https://x.test/token",
        "RUN pip install --trusted-host x --no-cache-dir secretstorage==3.3.3",
    ],
)
def test_instructions_that_only_name_secrets_hold_none(tmp_path, text):
    image = image_of(tmp_path, [Item("a", b"")], history=[{"created_by": text}])
    assert inspect_image(image).document.secrets == ()


def test_the_name_of_an_algorithm_is_no_secret(tmp_path):
    text = b"password_encryption = scram-sha-256\t# or md5\n#password=none\n"
    image = image_of(tmp_path, [Item("etc/postgresql/postgresql.conf", text)])
    assert inspect_image(image).document.secrets == ()
