"""The terminal interface, driven by keys on a real image, and what stands behind it."""

import asyncio
import importlib.util
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static, Tree

from builders import Item, archive, image_of
from jettison.cli.app import run
from jettison.errors import UsageError
from jettison.inspect.scan import Result, inspect_image
from jettison.report.inspection.explore import FINAL, Explorer, shown
from jettison.report.inspection.tui import InspectionApp

LAYERS = (
    [Item("usr/big", b"B" * 5000), Item("usr/share/doc/x/readme", b"d" * 900), Item("etc/app.conf", b"old")],
    [
        Item("etc/app.conf", b"the new one"),
        Item("usr/.wh.big"),
        Item("srv/[bold]\x1b[2Jname", b"markup and escapes"),
        Item("srv/link", link="/etc/shadow"),
        Item("srv/.env", b"PASSWORD=hunter2hunter9\n"),
    ],
)


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return inspect_image(image_of(tmp_path, *LAYERS))


def drive(result: Result, steps: Callable[[InspectionApp, Pilot], Awaitable[None]]) -> None:
    async def scenario() -> None:
        app = InspectionApp(result)
        async with app.run_test(size=(140, 40)) as pilot:
            await pilot.pause()
            await steps(app, pilot)

    asyncio.run(scenario())


def labels(app: InspectionApp) -> list[str]:
    return [str(node.label) for node in app.query_one(Tree).root.children]


def blamed(app: InspectionApp) -> str:
    return str(app.query_one("#blame", Static).render())


def test_folders_come_by_size_and_open_by_keys(result):
    async def steps(app: InspectionApp, pilot: Pilot) -> None:
        assert [label.split()[-1] for label in labels(app)] == ["usr/", "srv/", "etc/"]
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert any("markup" not in str(node.label) for node in app.query_one(Tree).root.children[1].children)
        assert len(app.query_one(Tree).root.children[1].children) == 3

    drive(result, steps)


def test_a_layer_shows_what_it_brought_even_what_is_hidden_now(result):
    async def steps(app: InspectionApp, pilot: Pilot) -> None:
        await pilot.press("l", "down", "enter")
        await pilot.pause()
        usr = next(node for node in app.query_one(Tree).root.children if "usr/" in str(node.label))
        usr.expand()
        await pilot.pause()
        assert any("big  hidden by layer 1" in str(node.label) for node in usr.children)

    drive(result, steps)


def test_a_search_goes_over_all_layers_and_says_who_did_what(result):
    async def steps(app: InspectionApp, pilot: Pilot) -> None:
        await pilot.press("slash", *"BIG", "enter")
        await pilot.pause()
        assert app.query_one("#found", OptionList).option_count == 1
        assert "layer 0: 5 kB" in blamed(app)
        assert "layer 1: hid it" in blamed(app)
        await pilot.press("escape")
        assert app.query_one(Tree).display

    drive(result, steps)


def test_a_file_of_a_lower_layer_is_viewed_and_extracted(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def steps(app: InspectionApp, pilot: Pilot) -> None:
        await pilot.press("slash", *"big", "enter")
        await pilot.pause()
        await pilot.press("v")
        await pilot.pause()
        assert "BBBB" in str(app.screen.query_one(Static).render())
        await pilot.press("escape", "e")
        await pilot.pause()
        assert app.screen.query_one(Input).value == "big"
        await pilot.press("enter")
        await pilot.pause()

    drive(result, steps)
    assert (tmp_path / "big").read_bytes() == b"B" * 5000


def test_waste_and_secrets_have_panes_that_lead_to_the_file(result):
    async def steps(app: InspectionApp, pilot: Pilot) -> None:
        await pilot.press("w")
        await pilot.pause()
        assert "Documentation" in str(
            [option.prompt for option in app.query_one("#wastes", OptionList).options]
        )
        await pilot.press("s", "enter")
        await pilot.pause()
        assert "srv/.env" in blamed(app)
        assert "hunter2hunter9" not in str([o.prompt for o in app.query_one("#leaks", OptionList).options])
        await pilot.press("question_mark")
        await pilot.pause()
        assert "extract a file" in str(app.screen.query_one(Static).render())

    drive(result, steps)


def test_names_are_neither_markup_nor_escapes(result):
    explorer = Explorer(result)
    titles = [item.title for item in explorer.children(b"srv")]
    assert "[bold]%1B[2Jname" in titles
    assert "\x1b" not in "".join(explorer.blame(explorer.search("bold")[0]))
    assert "\x1b" not in shown(b"\x1b[2J text")


def test_nothing_is_overwritten_and_no_link_is_followed(result, tmp_path):
    explorer = Explorer(result)
    item = explorer.search("app.conf")[0]
    taken, outside, link = tmp_path / "taken", tmp_path / "outside", tmp_path / "link"
    taken.write_text("mine")
    link.symlink_to(outside)
    for target in (taken, link):
        with pytest.raises(UsageError, match="exists"):
            explorer.extract(item, target)
    assert taken.read_text() == "mine"
    assert not outside.exists()
    assert explorer.extract(item, tmp_path / "new") == 11
    assert (tmp_path / "new").read_bytes() == b"the new one"


def test_a_link_of_the_image_is_not_followed(result):
    explorer = Explorer(result)
    with pytest.raises(UsageError, match="links to /etc/shadow"):
        explorer.head(explorer.search("srv/link")[0])


def test_sizes_of_folders_are_sums(result):
    explorer = Explorer(result)
    assert explorer.root(FINAL).size == result.space.reachable
    assert sum(explorer.root(layer).size for layer in (0, 1)) == result.space.payload


def test_without_textual_the_remedy_is_named(tmp_path, monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "jettison.cli.inspect.find_spec", lambda name: None if name == "textual" else found(name)
    )
    assert run(["inspect", archive(tmp_path, LAYERS), "--tui", "--quiet"]) == 4
    assert "pip install 'jettison[tui]'" in capsys.readouterr().err


def test_without_a_terminal_the_remedy_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert run(["inspect", archive(tmp_path, LAYERS), "--tui", "--quiet"]) == 2
    assert "needs a terminal" in capsys.readouterr().err
