"""The page of `jettison inspect --html` in a real Chromium: it is right, and no image gets at it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, browser

from builders import Item, image_of
from jettison.inspect.scan import Options, Result, inspect_image
from jettison.report.inspection import html

pytestmark = pytest.mark.integration

MANY = 30_000
HOSTILE = [
    "</script><script>document.title='broken'</script>",
    "<img src=x onerror=document.title='broken'>",
    "a&lt;b\"'`${1}@@data@@",
    "line\u2028separator\u202eright-to-left",
    "<!--<script>",
]
LAYERS = (
    [
        Item("etc", None),
        Item("etc/old.conf", b"o" * 3000),
        Item("app", None),
        Item("app/main.py", b"m" * 500),
    ],
    [Item("etc/.wh.old.conf"), Item("app/main.py", b"M" * 700), Item("var/lib/apt/lists/index", b"l" * 9000)],
)


@pytest.fixture
def page() -> Iterator[Page]:
    with browser() as opened:
        yield opened


def report(folder: Path, *layers: list[Item], **options: object) -> tuple[Path, Result]:
    """The page about an image of `layers`, and what it was made of."""
    found = inspect_image(image_of(folder, *layers, **options), options=Options(hardening=False))
    path = folder / "report.html"
    path.write_bytes(html.page(found))
    return path, found


def test_each_view_adds_up_to_what_the_inspection_says(tmp_path: Path, page: Page) -> None:
    path, found = report(tmp_path, *LAYERS)
    page.open(path)
    sizes = found.document.sizes
    assert page.run("tree.bytes[0]") == sizes.reachable
    assert page.run("(set({mode: 'dead'}), tree.bytes[0])") == sizes.dead
    for layer in found.document.layers:
        assert page.run(f"(set({{mode: 'only', layer: {layer.index}}}), tree.bytes[0])") == layer.on_disk
    assert page.run("(set({mode: 'upto', layer: 0}), tree.bytes[0])") == found.document.layers[0].on_disk
    assert page.run("(set({mode: 'upto', layer: 1}), tree.bytes[0])") == sizes.reachable


def test_a_file_is_traced_to_the_instructions_that_brought_and_hid_it(tmp_path: Path, page: Page) -> None:
    page.open(report(tmp_path, *LAYERS)[0])
    page.run("showPath('etc/old.conf')")
    text = page.run("document.getElementById('detail').innerText")
    assert "layer 0 brought 3 kB" in text
    assert "deleted by layer 1: RUN step 1" in text
    page.run("(set({mode: 'final'}), showPath('app/main.py'))")
    text = page.run("document.getElementById('detail').innerText")
    assert "replaced by layer 1" in text
    assert "layer 1 brought 700 B" in text


def test_it_is_used_by_keys_alone(tmp_path: Path, page: Page) -> None:
    page.open(report(tmp_path, *LAYERS)[0])
    page.run("document.body.focus()")
    page.press("d")
    assert page.run("state.mode") == "dead"
    page.press("f")
    page.press("2")
    assert page.run("document.getElementById('view-waste').innerText").count("rm -rf /var/lib/apt/lists") == 1
    page.press("1")
    page.run("document.getElementById('files').focus()")
    page.press("ArrowRight")
    page.press("ArrowDown")
    row = "document.getElementById(document.getElementById('files').getAttribute('aria-activedescendant'))"
    assert "lib" in page.run(f"{row}.innerText")
    page.run("document.getElementById('map').focus()")
    page.press("Enter")
    assert page.run("state.root") > 0
    page.press("Backspace")
    assert page.run("state.root") == 0


def test_a_search_finds_paths_in_all_layers(tmp_path: Path, page: Page) -> None:
    page.open(report(tmp_path, *LAYERS)[0])
    page.run("set({mode: 'dead', query: 'OLD.conf'})")
    assert page.run("files.rows.map(row => tree.path(row.node))") == ["etc/old.conf"]
    page.run("set({mode: 'final', query: 'waste:apt-lists'})")
    assert page.run("files.rows.map(row => tree.path(row.node))") == ["var/lib/apt/lists/index"]


def test_hostile_names_are_shown_and_do_nothing(tmp_path: Path, page: Page) -> None:
    names = [name.replace("/", "\u2215") for name in HOSTILE] + ["x</script>/<script>alert(1)</script>"]
    history = [{"created_by": "RUN </script><script>document.title='broken'</script>"}]
    labels = {"Labels": {"</script><b>": "<img src=x onerror=alert(1)>"}, "Env": ["A=</script><script>x"]}
    items = [Item(name, b"x" * (1000 + n)) for n, name in enumerate(names)]
    path, _ = report(tmp_path, items, history=history, config=labels, name="test:1")
    raw = path.read_text()
    data = re.search(r'id="data">(.*)\n<script>', raw)
    assert data and "<" not in data[1].removesuffix("</script>")
    page.events.clear()
    page.open(path)
    page.run("Object.keys(TABS).forEach(openTab)")
    page.run("for (let f = 0; f < tree.length; f++) select(f)")
    assert page.run("document.title") != "broken"
    assert page.run("document.querySelectorAll('script').length") == 2
    assert page.run("document.querySelectorAll('img, b b').length") == 0
    assert page.complaints() == []
    assert len(page.run("Array.from({length: tree.length}, (_, f) => tree.path(f))")) == len(names)


def test_the_policy_of_the_page_refuses_what_is_not_its_own(tmp_path: Path, page: Page) -> None:
    page.open(report(tmp_path, *LAYERS)[0])
    page.run("var s = document.createElement('script'); s.textContent = 'window.ran = 1'")
    page.run("void document.body.append(s)")
    assert page.run("window.ran === undefined")
    assert page.run("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')") == "refused"


def test_thirty_thousand_files_make_a_small_page_that_paints_at_once(tmp_path: Path, page: Page) -> None:
    items = [
        Item(f"srv/data{n % 300}/group{n % 7}/component-{n:05d}.module.js", b"%d" % n * (n % 40))
        for n in range(MANY)
    ]
    path, _ = report(tmp_path, items)
    assert path.stat().st_size <= 3_000_000
    page.events.clear()
    page.open(path)
    assert page.first_paint_ms() <= 1000
    assert page.complaints() == []
    assert page.requests() == [path.resolve().as_uri()]
    assert page.run("tree.counts[0]") == MANY


def test_a_hundred_thousand_files_are_drawn_and_searched_fast(tmp_path: Path, page: Page) -> None:
    items = [Item(f"d{n % 500}/e{n % 11}/file-{n}.py", b"x" * (n % 97)) for n in range(100_000)]
    page.open(report(tmp_path, items)[0])
    timed = "(() => {{ const t = performance.now(); {}; return performance.now() - t; }})()"
    page.run("set({query: 'warm'})")
    assert page.run(timed.format("set({query: 'file-9 .py'})")) < 1000
    assert page.run(timed.format("set({query: '', mode: 'only', layer: 0})")) < 1000
    assert page.run("document.querySelectorAll('#files .row').length") < 100


def test_every_control_has_a_name_and_every_text_contrast(tmp_path: Path, page: Page) -> None:
    page.open(report(tmp_path, *LAYERS)[0])
    page.run("Object.keys(TABS).forEach(openTab)")
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "tab", "radio", "slider", "searchbox", "combobox", "treegrid", "grid", "tabpanel"}
    nameless = [
        node
        for node in tree
        if node.get("role", {}).get("value") in controls and not node.get("name", {}).get("value")
    ]
    assert nameless == []
    for dark in (False, True):
        page.dark(dark)
        assert json.loads(page.run(CONTRASTS)) == []


CONTRASTS = """
(() => {
  const light = text => {
    const ink = new OffscreenCanvas(1, 1).getContext('2d');
    ink.fillStyle = text;
    ink.fillRect(0, 0, 1, 1);
    const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = [...ink.getImageData(0, 0, 1, 1).data].map(v => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const box = document.createElement('p'), bad = [];
  document.body.append(box);
  const colour = name => { box.style.color = `var(--${name})`; return getComputedStyle(box).color; };
  for (const front of ['text', 'dim', 'bad', 'warn', 'good', 'accent'])
    for (const back of ['panel', 'bg']) {
      const [a, b] = [light(colour(front)), light(colour(back))].sort((x, y) => y - x);
      if ((a + 0.05) / (b + 0.05) < 4.5) bad.push([front, back]);
    }
  box.remove();
  return JSON.stringify(bad);
})()
"""
"""Pairs of text and ground with less than 4.5 : 1 (WCAG 2.2, 1.4.3)."""
