"""Links of a page, as a browser would follow them, and where a crawl ends."""

from jettison.limits import CRAWL_PAGES
from jettison.workload.client import Answer
from jettison.workload.crawl import Crawl, links
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.responses import content_of
from jettison.workload.steps import HttpRequest

HERE = Endpoint(port=8000, scheme=Scheme.HTTP)


def page(text, kind="text/html; charset=utf-8", **headers):
    return Answer(200, {"content-type": kind, **headers}, content_of(text.encode()))


def found(text, at="/", kind="text/html"):
    return links(at, page(text, kind), HERE)


def test_links_and_assets_of_a_page_are_found_in_their_order():
    html = """<!doctype html><html><link rel=stylesheet href='/a.css'><script src="b.js"></script>
    <body background="bg.png"><a href="c/d?x=1&amp;y=2#frag">c</a>
    <IMG SRC=e.png srcset="f.png 1x, g.png 2x">
    <picture><source srcset="h.webp"></picture><video poster="i.jpg"><source src="j.mp4"></video>
    <iframe src="k.html"></iframe><object data="l.svg"></object><form action="/search"><input></form>"""
    expected = "a.css b.js bg.png c/d?x=1&y=2 e.png f.png g.png h.webp i.jpg j.mp4 k.html l.svg search"
    assert found(html) == ["/" + path for path in expected.split()]


def test_what_a_style_refers_to_is_found():
    css = """@import 'base.css'; a{background:url(i.png)} b{background:url( "/j.png" )}
    c{background:url(data:image/png;base64,AA)}"""
    assert found(css, at="/css/main.css", kind="text/css") == ["/css/base.css", "/css/i.png", "/j.png"]
    assert found('<p style="background:url(k.png)"><style>p{b:url(l.png)}</style>') == ["/k.png", "/l.png"]


def test_only_the_same_origin_is_followed():
    html = """<a href="http://example.com/a"><a href="//other/b"><a href="https://localhost:8000/c">
    <a href="http://localhost:8000/d"><a href="http://127.0.0.1:8000/e"><a href="http://localhost/f">
    <a href="mailto:g@h"><a href="javascript:i()"><a href="http://[bad/"><a href="http://localhost:99999999/">"""
    assert found(html) == ["/d", "/e"]


def test_a_base_element_moves_relative_links():
    assert found('<base href="/deep/er/"><a href="x"><a href="../y">') == ["/deep/er/x", "/deep/y"]


def test_links_that_would_change_what_follows_are_left_alone():
    html = "".join(
        f'<a href="{path}">'
        for path in (
            "/logout",
            "/account/sign-out",
            "/item/3/delete",
            "/x?action=remove",
            "/blogout",
            "/deleted-scenes",
        )
    )
    assert found(html) == ["/blogout", "/deleted-scenes"]


def test_comments_forms_that_post_and_hints_to_other_hosts_are_no_links():
    html = """<!-- <a href="/a"> --><form method=POST action="/b"></form><a rel="nofollow" href="/c">
    <link rel=preconnect href="/d">"""
    assert found(html) == []


def test_other_kinds_of_answers_have_no_links():
    assert found('<a href="/a">', kind="text/plain") == []
    assert links("/", Answer(error="timed out"), HERE) == []
    assert links("/", Answer(200, {"content-type": "text/html"}, content_of(b"\0\xff")), HERE) == []


def crawl(site, start="/"):
    """The paths that a crawl of `site` (path → html) asks for."""
    walker = Crawl(HERE, seen=[start])
    walker.learn(HttpRequest(path=start), page(site[start]))
    asked = []
    for request, depth in walker:
        asked.append(request.path)
        walker.learn(request, page(site.get(request.path, "")), depth)
    return asked


def test_a_crawl_goes_breadth_first_and_asks_for_each_page_once():
    site = {
        "/": '<a href="/a"><a href="/b">',
        "/a": '<a href="/c"><a href="/">',
        "/b": '<a href="/c"><a href="/a">',
    }
    assert crawl(site) == ["/a", "/b", "/c"]


def test_a_crawl_ends_at_its_depth():
    site = {f"/{n}": f'<a href="/{n + 1}">' for n in range(10)}
    assert crawl(site, "/0") == ["/1", "/2", "/3"]


def test_a_crawl_ends_at_its_number_of_pages():
    assert len(crawl({"/": "".join(f'<a href="/p{n}">' for n in range(1000))})) == CRAWL_PAGES


def test_a_calendar_without_end_is_followed_a_few_times():
    assert len(crawl({"/": "".join(f'<a href="/calendar?day={n}">' for n in range(100))})) == 5
