"""Listings page by page: how they end, how they continue, and how they are broken off."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from registry_assets.errors import BrokenAnswer, DidNotAnswer, NotAllowed, NothingThere, RegistryError, Untrusted
from registry_assets.registry import pages
from registry_assets.registry.answers import Response
from registry_assets.registry.distribution import Distribution
from registry_assets_tests.registry.conftest import Open
from registry_assets_tests.servers.scripted import Answer, Asked, Scripted, answer

pytestmark = pytest.mark.anyio

TAGS = "/v2/app/tags/list"


def page(*names: str, link: str = "") -> Answer:
    document = {"name": "app", "tags": list(names)}
    return answer(document, link=link) if link else answer(document)


def nexts(target: str) -> str:
    return f'<{target}>; rel="next"'


async def read(server: Scripted, opened: Open, got: list[str] | None = None) -> list[str]:
    """The tags of `app`; `got` has them as they come, also those before an error."""
    names = [] if got is None else got
    async with opened(api_url=server.url) as registry:
        async for tags in registry.list_tags("app"):
            names += [tag.tag for tag in tags]
    return names


@pytest.mark.parametrize(
    "link",
    [
        '</v2/app/tags/list?last=b&n=2>; rel="next"',
        '<{url}/v2/app/tags/list?last=b&n=2>; rel="next"',
        "</v2/app/tags/list?last=b&n=2>; rel=next",
        "</v2/app/tags/list?last=b&n=2>;rel='next'",
        '</v2/app/tags/list?last=b&n=2>; title="x"; rel="next"',
        '<?last=b&n=2>; rel="next"',
        '</v2/app/tags/list?last=b&n=2>; REL="Next"',
        '</v2/app/tags/list?x=1>; rel="prev", </v2/app/tags/list?last=b&n=2>; rel="next"',
        "/v2/app/tags/list?last=b&n=2; rel=next",
        '</repository/docker/app/tags/list?last=b&n=2>; rel="next"',
        '<tags/list?last=b&n=2>; rel="next"',
    ],
)
async def test_a_link_is_followed_in_every_form(link: str, scripted: Scripted, opened: Open) -> None:
    """Only its query counts: Artifactory and Nexus leave their own prefix out of the path, or add one."""
    scripted.on(TAGS, page("a", "b", link=link.replace("{url}", scripted.url)), page("c"))
    assert await read(scripted, opened) == ["a", "b", "c"]
    assert scripted.asked[1].target == f"{TAGS}?last=b&n=2"


async def test_an_opaque_token_is_sent_back_as_it_came(scripted: Scripted, opened: Open) -> None:
    """Quay's `next_page` holds base64 with percent-encoding."""
    scripted.on(TAGS, page("a", link=nexts("?next_page=gAAAAA%3D%3D%2Fx%2Bz&n=1")), page("b"))
    assert await read(scripted, opened) == ["a", "b"]
    assert scripted.asked[1].query == {"next_page": "gAAAAA==/x+z", "n": "1"}


async def test_a_long_link_is_no_problem(scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, page("a", link=nexts("?next_page=" + "x" * 30_000)), page("b"))
    assert await read(scripted, opened) == ["a", "b"]


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/v2/app/tags/list?last=b",
        "https://evil.example/?last=b",
        "//evil.example/v2/app/tags/list?x=1",
    ],
)
async def test_a_link_to_another_origin_is_not_followed(link: str, scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, page("a", link=nexts(link)))
    with pytest.raises(Untrusted, match="another host"):
        await read(scripted, opened)
    assert len(scripted.asked) == 1


async def test_a_full_last_page_may_have_a_link_to_an_empty_one(scripted: Scripted, opened: Open) -> None:
    """Distribution 3 does so."""
    scripted.on(TAGS, page("a", "b", link=nexts("?last=b&n=2")), page())
    assert await read(scripted, opened) == ["a", "b"]


@pytest.mark.parametrize("nothing", [{"tags": None}, {"tags": []}, {"name": "app", "tags": None}])
async def test_null_is_an_empty_list(nothing: Any, scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, answer(nothing))
    assert await read(scripted, opened) == []


@pytest.mark.parametrize(
    "broken",
    [
        {},
        [],
        {"tags": "a"},
        {"tags": [1]},
        {"tags": {"a": 1}},
        {"errors": [{"code": "UNKNOWN"}]},
        "<html><title>Sign in</title></html>",
        "",
        b"\xff\xfe",
        "[" * 100_000,
        '{"tags": NaN',
    ],
)
async def test_what_is_no_list_is_no_empty_list(broken: Any, scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, answer(broken))
    with pytest.raises(BrokenAnswer):
        await read(scripted, opened)


async def test_names_given_twice_are_given_once(scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, page("a", "a", "b", link=nexts("?last=b")), page("b", "c", "c"))
    assert await read(scripted, opened) == ["a", "b", "c"]


@pytest.fixture
def two_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Distribution, "page_size", 2)


@pytest.mark.usefixtures("two_a_page")
@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ([page("c")], ["a", "b", "c"]),
        ([page("c", "d"), page()], ["a", "b", "c", "d"]),
        ([page()], ["a", "b"]),
        ([page("a", "b")], ["a", "b"]),
        ([answer({"errors": [{"code": "NAME_UNKNOWN"}]}, 404)], ["a", "b"]),
        ([answer({"errors": [{"code": "PAGINATION_NUMBER_INVALID"}]}, 400)], ["a", "b"]),
    ],
)
async def test_a_full_page_without_link_is_asked_once_for_more(
    rest: list[Answer], expected: list[str], scripted: Scripted, opened: Open
) -> None:
    scripted.on(TAGS, page("a", "b"), *rest)
    assert await read(scripted, opened) == expected
    assert scripted.asked[1].query == {"n": "2", "last": "b"}
    assert len(scripted.asked) == 1 + len(rest)


@pytest.mark.usefixtures("two_a_page")
async def test_a_failure_of_that_question_leaves_the_list_incomplete(scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, page("a", "b"), answer(status=500))
    with pytest.raises(DidNotAnswer):
        await read(scripted, opened)


@pytest.mark.usefixtures("two_a_page")
async def test_a_list_longer_than_asked_for_is_all_there_is(scripted: Scripted, opened: Open) -> None:
    """Distribution 2.8 ignores n for tags."""
    scripted.on(TAGS, page("c", "a", "b"))
    assert await read(scripted, opened) == ["c", "a", "b"]
    assert len(scripted.asked) == 1


async def test_a_page_cut_at_a_usual_size_is_asked_for_more(scripted: Scripted, opened: Open) -> None:
    """A registry that caps n silently, and names no next page."""
    first, second = [f"a{number:03}" for number in range(100)], ["b"]
    scripted.on(TAGS, page(*first), page(*second))
    assert await read(scripted, opened) == first + second


@pytest.mark.parametrize(
    "script",
    [
        [page("a", link=nexts("?last=a")), page("b", link=nexts("?last=a"))],
        [page("a", link=nexts("?last=a")), page("a", link=nexts("?last=b"))],
        [page("a", link=nexts("?last=a")), page("b", link=nexts("?last=b")), page("c", link=nexts("?last=a"))],
        [page("a", link=nexts("?last=1")), page(link=nexts("?last=2")), page(link=nexts("?last=3"))],
    ],
)
async def test_pages_that_go_in_circles_leave_the_list_incomplete(
    script: list[Answer], scripted: Scripted, opened: Open
) -> None:
    scripted.on(TAGS, *script)
    with pytest.raises(BrokenAnswer, match="circles"):
        await read(scripted, opened)
    assert len(scripted.asked) <= 4


async def test_a_list_that_never_ends_is_broken_off(
    scripted: Scripted, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(asked: Asked) -> Answer:
        number = int(asked.query.get("last", "0")) + 1
        return page(f"t{number}", link=nexts(f"?last={number}"))

    monkeypatch.setattr(pages, "MOST_PAGES", 50)
    scripted.on(TAGS, endless)
    with pytest.raises(BrokenAnswer, match="does not end"):
        await read(scripted, opened)
    assert len(scripted.asked) <= 51


def refuses_n(limit: int) -> Callable[[Asked], Answer]:
    def reply(asked: Asked) -> Answer:
        wanted = int(asked.query.get("n", "0"))
        return page("a") if wanted <= limit else answer({"errors": [{"code": "PAGINATION_NUMBER_INVALID"}]}, 400)

    return reply


@pytest.mark.parametrize(("limit", "asked"), [(1000, ["5000", "1000"]), (0, ["5000", "1000", None])])
async def test_a_refused_page_size_is_made_smaller_then_left_out(
    limit: int, asked: list[str | None], scripted: Scripted, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Distribution, "page_size", 5000)
    scripted.on(TAGS, refuses_n(limit))
    assert await read(scripted, opened) == ["a"]
    assert [each.query.get("n") for each in scripted.asked] == asked


@pytest.mark.parametrize("status", [400, 404, 405])
async def test_a_cursor_that_is_refused_midway_keeps_what_was_read_and_is_an_error(
    status: int, scripted: Scripted, opened: Open
) -> None:
    """Never "nothing there": that would say that the repository is empty."""
    scripted.on(TAGS, page("a", link=nexts("?last=a")), answer({"errors": [{"code": "NAME_UNKNOWN"}]}, status))
    got: list[str] = []
    with pytest.raises(BrokenAnswer, match="broke off") as caught:
        await read(scripted, opened, got)
    assert got == ["a"]
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (answer({"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known"}]}, 404), NothingThere),
        (answer("<html><title>404 Not Found</title></html>", 404), BrokenAnswer),
        (answer({"errors": [{"code": "NOT_FOUND"}]}, 404), BrokenAnswer),
        (answer({"errors": [{"code": "DENIED"}]}, 403), NotAllowed),
        (answer("", 500), DidNotAnswer),
    ],
)
async def test_only_the_registrys_own_word_makes_a_repository_unknown(
    reply: Answer, expected: type[RegistryError], scripted: Scripted, opened: Open
) -> None:
    scripted.on(TAGS, reply)
    with pytest.raises(expected) as caught:
        await read(scripted, opened)
    assert type(caught.value) is expected


async def test_a_tag_that_breaks_the_specification_leaves_the_list_incomplete(scripted: Scripted, opened: Open) -> None:
    scripted.on(TAGS, page("ok", "../../etc", "\x1b[31m", "x" * 129))
    got: list[str] = []
    with pytest.raises(BrokenAnswer, match="3 tags") as caught:
        await read(scripted, opened, got)
    assert got == ["ok"]
    assert "\x1b" not in str(caught.value)


async def test_digests_among_the_tags_are_no_tags(scripted: Scripted, opened: Open) -> None:
    """Nexus lists them."""
    scripted.on(TAGS, page("1.0", f"sha256:{'a' * 64}"))
    assert await read(scripted, opened) == ["1.0"]


@pytest.mark.parametrize("text", [" ", "<", ";", ' ;"', "; rel=", "<x>; ", ",", '; rel="next next ', "\t;"])
def test_a_long_link_header_does_not_hang_the_parser(text: str) -> None:
    headers = httpx.Headers([("link", text * 20_000 + "x")])
    pages.next_link(Response("GET", httpx.URL("http://host/"), 200, headers, b""))
