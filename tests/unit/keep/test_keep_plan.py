"""The plan: reasons, chains, patterns, healing."""

from __future__ import annotations

import pytest
from keep_images import Exe, Folder, Link, make_config, make_evidence, make_tree, observed

from jettison.errors import UsageError
from jettison.keep.plan import decide, heal
from jettison.keep.policy import Policy

BASE = {
    "usr/bin/app": Exe(b"#!/bin/sh\n"),
    "usr/bin/dash": Exe(b"x" * 10),
    "usr/bin/sh": Link("dash"),
    "bin": Link("usr/bin"),
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nweb:x:10:10::/srv/web:/bin/sh\n",
    "tmp": Folder(0o1777),
    "root": Folder(0o700),
    "srv/web": Folder(0o750, 10),
    "opt/a/one.txt": "1",
    "opt/a/two.txt": "2",
    "opt/b": Link("/opt/a"),
}


def test_a_path_keeps_its_links_its_target_and_its_folders(tmp_path):
    """What a process needed to get there stays too."""
    plan = observed(make_tree(tmp_path, BASE), "/opt/b/one.txt")
    assert {b"opt/b", b"opt/a/one.txt", b"opt/a", b"opt"} <= set(plan)
    assert b"opt/a/two.txt" not in plan


def test_the_chain_leads_back_to_the_evidence(tmp_path):
    """A shell stays because of a script that ran."""
    plan = observed(make_tree(tmp_path, BASE), executed=("/bin/app",))
    chain = plan.chain(b"usr/bin/dash")
    assert [path for path, _ in chain] == [b"usr/bin/dash", b"usr/bin/app"]
    assert [reason.rule for _, reason in chain] == ["interpreter", "observed"]


def test_what_was_dropped_is_explained(tmp_path):
    """Nothing asked for it, or a pattern took it."""
    tree = make_tree(tmp_path, BASE)
    plan = decide(
        tree, make_evidence("/opt/a/one.txt"), make_config(), policy=Policy.OBSERVED, exclude=["/opt/a/one.*"]
    )
    assert b"opt/a/one.txt" not in plan
    assert "--exclude" in plan.dropped(b"opt/a/one.txt")
    assert "nothing asked for it" in plan.dropped(b"opt/a/two.txt")


def test_include_takes_a_folder_whole_with_what_it_needs(tmp_path):
    """Interpreters and targets of links come along."""
    tree = make_tree(
        tmp_path,
        {**BASE, "srv/tools/run": Exe(b"#!/usr/bin/dash\n"), "srv/tools/link": Link("/opt/a/two.txt")},
    )
    plan = decide(tree, make_evidence(), make_config(), policy=Policy.OBSERVED, include=["/srv/tools"])
    assert {b"srv/tools/run", b"srv/tools/link", b"opt/a/two.txt", b"usr/bin/dash"} <= set(plan)


def test_patterns_without_effect_are_told(tmp_path):
    """A typing error in a pattern must not pass in silence."""
    tree = make_tree(tmp_path, BASE)
    plan = decide(
        tree,
        make_evidence(),
        make_config(),
        policy=Policy.OBSERVED,
        include=["/nope/**"],
        exclude=["/opt/zzz"],
    )
    assert [w for w in plan.warnings if "/nope/**" in w]
    assert [w for w in plan.warnings if "/opt/zzz" in w]


def test_an_empty_pattern_is_refused(tmp_path):
    """It cannot be meant."""
    with pytest.raises(UsageError):
        decide(make_tree(tmp_path, BASE), make_evidence(), make_config(), include=["/"])


def test_healing_adds_the_miss_and_what_it_needs(tmp_path):
    """A second round knows what the first one kept."""
    plan = observed(make_tree(tmp_path, BASE), "/opt/a/one.txt")
    assert heal(plan, [b"/bin/app"]) > 1
    assert {b"bin", b"usr/bin/app", b"usr/bin/dash"} <= set(plan)
    assert plan.reasons(b"usr/bin/app")[0].rule == "verification"
    assert heal(plan, [b"/no/such"]) == 0


def test_the_same_input_gives_the_same_plan(tmp_path):
    """Reasons and their order included."""
    tree = make_tree(tmp_path, BASE)
    plans = [observed(tree, "/opt/b/one.txt", "/etc/passwd", executed=("/bin/app",)) for _ in range(2)]
    assert [(p, plans[0].reasons(p)) for p in plans[0]] == [(p, plans[1].reasons(p)) for p in plans[1]]


def test_a_listed_folder_tells_how_much_of_it_remains(tmp_path):
    """The report can say that a listing is shorter than it was."""
    evidence = make_evidence("/opt/a/one.txt", listed=("/opt/b",))
    plan = decide(make_tree(tmp_path, BASE), evidence, make_config(), policy=Policy.OBSERVED)
    assert plan.listed(evidence) == [(b"opt/a", 1, 2)]


def test_size_counts_content_once(tmp_path):
    """Folders and links weigh nothing."""
    plan = observed(make_tree(tmp_path, BASE), "/opt/a/one.txt", "/opt/b")
    assert plan.size == 1 + len(BASE["etc/passwd"])
