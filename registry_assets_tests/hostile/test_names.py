"""Names and labels that mean something to whoever shows them are kept as they are, or refused and said so.

What a name may be: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
"""

import json

import pytest

from registry_assets.registry import pages
from registry_assets_tests.end_to_end.world import World
from registry_assets_tests.flavours.corpus import OCI_CONFIG, descriptor, sha256
from registry_assets_tests.hostile.documents import image_of
from registry_assets_tests.hostile.listings import endless
from registry_assets_tests.hostile.stage import (
    BAD,
    CATALOG,
    CORPUS,
    FIRST,
    GOOD,
    SECOND,
    Content,
    Spot,
    check_others,
    crawl,
    digests,
    image,
    serve,
    today,
    yesterday,
)
from registry_assets_tests.servers.scripted import Scripted, answer

HOSTILE = {
    "terminal": "\x1b[31mred\x1b]0;title\x07\x9b2J",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "markdown": "| a | [x](javascript:alert(1)) `b` ![](http://x/)",
    "sql": "'); DROP TABLE tags; --",
    "yaml": "!!python/object/apply:os.system [id]\n- &a *a\n---",
    "lines": "a\nb\r\nc\u2028d\u0085e",
    "right to left": "\u202egnp.exe\u2066\u200f",
    "formula": "=cmd|' /C calc'!A0",
    "a name that is odd \x1b[2J <b>": "value",
    "long": "y" * 1_000_000,
}


def with_names(content: Content) -> Content:
    return {**today([BAD]), **content}


def test_labels_come_through_as_they_are(world: World, server: Scripted) -> None:
    serve(server, today([BAD]))
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": HOSTILE}}).encode()
    CORPUS.blobs[sha256(config)] = config
    Spot(server, BAD).tell(image_of([1], config=descriptor(OCI_CONFIG, sha256(config), len(config))))
    told = crawl(world)
    assert (told.outcome, dict(told.problems)) == ("green", {})
    ((stored,),) = world.rows(
        "SELECT to_json(labels)::VARCHAR FROM manifests JOIN tags USING (provider, repository, digest) "
        f"WHERE repository = '{BAD}' AND tag = '2.0'"
    )
    labels = {entry["key"]: entry["value"] for entry in stored} if isinstance(stored, list) else json.loads(stored)
    assert {name: text for name, text in labels.items() if name != "long"} == {
        name: text for name, text in HOSTILE.items() if name != "long"
    }
    check_others(told)


def test_every_legal_character_of_a_name_is_legal(world: World, server: Scripted) -> None:
    names = ("a", "0/1", "a.b/c_d/e__f/g-h/i---j", "x" * 200, "/".join("abcdefgh"))
    tags = dict.fromkeys(("a", "_", "0", "A_b.c-9", "_._-", "x" * 128), FIRST)
    content = with_names(dict.fromkeys(names, tags))
    serve(server, content)
    told = crawl(world)
    assert (told.outcome, dict(told.problems)) == ("green", {})
    for name in names:
        assert told.tags[name] == digests(content, name)
    check_others(told)


def test_tags_whose_names_differ_only_in_case_are_two(world: World, server: Scripted) -> None:
    content = with_names({BAD: {"rc": FIRST, "RC": SECOND, "Rc": image(BAD, "third")}})
    serve(server, content)
    told = crawl(world)
    assert (told.outcome, told.tags[BAD]) == ("green", digests(content, BAD))


def test_of_repositories_whose_names_differ_only_in_case_the_legal_one_is_read(world: World, server: Scripted) -> None:
    """Upper case is legal in no repository's name."""
    serve(server, today([BAD]))
    server.on(CATALOG, answer({"repositories": [*today([BAD]), BAD.upper(), BAD.title()]}))
    told = crawl(world)
    assert told.outcome == "incomplete"
    assert dict(told.problems) == {"": {("repositories", "MalformedDocument", None)}}
    assert BAD.upper() not in told.tags
    assert told.tags[BAD] == digests(today([BAD]), BAD)
    check_others(told)


def test_a_list_of_tags_that_never_ends_is_broken_off(
    world: World, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_PAGES", 30)
    serve(server, today([BAD]))
    endless(Spot(server, BAD))
    told = crawl(world)
    assert (told.outcome, dict(told.problems)) == ("incomplete", {BAD: {("tags", "BrokenAnswer", 200)}})
    assert told.tags[BAD] == digests(yesterday([BAD]), BAD)
    assert GOOD in told.tags
    check_others(told)
