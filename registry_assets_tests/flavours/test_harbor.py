"""What is Harbor's own, behind `registry_type: private`. The fake's docstring has the sources."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from aiohttp import web

from registry_assets_tests.flavours.corpus import Corpus, build_corpus
from registry_assets_tests.flavours.crawling import Crawler
from registry_assets_tests.flavours.fake import Account, Fake, Handler
from registry_assets_tests.flavours.harbor_fake import LIST, HarborFake

Serve = Callable[[Fake], Fake]

BOTH = frozenset({"acme", "partner"})
USER = Account("reader", "reader-secret", frozenset({LIST}), BOTH, catalog=False)
ADMIN = Account("admin", "admin-secret", frozenset({LIST}), BOTH)
ROBOT = Account("robot$pull", "robot-secret", namespaces=BOTH, catalog=False)
PULLING_ADMIN = Account("admin", "admin-secret", namespaces=BOTH)


@pytest.fixture
def corpus() -> Corpus:
    corpus = build_corpus()
    corpus.add("acme/tools/cli/dev").push("latest", corpus.image("nested"), day=1)
    return corpus


def crawler(fake: Fake, folder: Path, account: Account | None = USER, **options: object) -> Crawler:
    credentials = {"username": account.username, "password": account.secret} if account else {}
    return Crawler(folder, {"registry_type": "private", "api_url": fake.url, **credentials, **options})


def test_the_listing_tells_what_the_specification_does_not(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """Description, pulls and times of repositories; media type, size, push time and platforms of tags."""
    fake = serve(HarborFake(corpus, USER))
    told = crawler(fake, tmp_path)
    assert told.failures() == []
    assert ("acme/web", "The shop window", 3400) in told.rows(
        "SELECT repository, description, pull_count FROM repositories"
    )
    newest = corpus.repositories["acme/api"].tags["2.0"]
    rows = told.rows(
        "SELECT digest, media_type, pushed_at = TIMESTAMPTZ '2026-03-03 12:00:00+00', last_pulled_at,"
        " array_to_string(listed_platforms, ' ') FROM tags WHERE repository = 'acme/api' AND tag = '2.0'"
    )
    assert rows == {(newest.digest, newest.manifest.media_type, True, None, "linux/amd64 linux/arm64")}
    assert fake.asked("/manifests/", "HEAD") == fake.asked("_catalog") == []


@pytest.mark.parametrize("pattern", [".*", "acm.*|part.*"])
def test_all_projects_are_looked_through_where_none_is_named(
    pattern: str, corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    """Empty projects cost nothing; slashes in names are encoded twice."""
    fake = serve(HarborFake(corpus, USER))
    wide = crawler(fake, tmp_path, selectors=[{"namespace_pattern": pattern}])
    assert wide.failures() == []
    assert {name for name, _, _ in wide.tables()["repositories"]} == set(corpus.repositories)
    assert fake.asked("/repositories/tools%252Fcli%252Fdev/artifacts")
    assert len(fake.asked("/api/v2.0/projects$")) == 1
    assert not fake.asked("/projects/void/")


def test_named_repositories_are_asked_for_one_by_one(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(HarborFake(corpus, USER))
    named = crawler(
        fake, tmp_path, selectors=[{"namespace_pattern": "acme", "repository_pattern": "^(api|chart|gone)$"}]
    )
    (failure,) = named.failures()
    assert failure.error == "NothingThere"
    assert {row[0] for row in named.tables()["repositories"]} == {"acme/api", "acme/chart"}
    assert not fake.asked("/api/v2.0/projects/acme/repositories$")


@pytest.mark.parametrize(
    ("account", "listed_by"), [(PULLING_ADMIN, "catalog"), (ROBOT, "name")], ids=["catalog", "names"]
)
def test_without_rights_in_the_api_the_specification_serves(
    account: Account, listed_by: str, corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    """A robot that may only pull: tags by name, a HEAD for each digest."""
    fake = serve(HarborFake(corpus, account))
    names = {"repository_pattern": "^(api|chart)$"} if listed_by == "name" else {"repository_pattern": "api|chart.*"}
    plain = crawler(fake, tmp_path, account, selectors=[{"namespace_pattern": "acme", **names}])
    assert plain.failures() == []
    assert {row[0] for row in plain.tables()["repositories"]} == {"acme/api", "acme/chart"}
    assert len([asked for asked in fake.asked("/manifests/", "HEAD") if asked.status == 200]) == 4


def test_a_wrong_password_does_not_pass_for_an_anonymous_visit(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """The API would answer it with what is public, as if everything else had been deleted. It is sent once."""
    fake = serve(HarborFake(corpus))
    wrong = crawler(fake, tmp_path, selectors=[{}])
    (failure,) = wrong.failures()
    assert failure.error == "CredentialsRejected"
    assert len(fake.log) == 2
    assert USER.secret not in failure.message


def test_without_credentials_what_is_public_is_listed(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(HarborFake(corpus))
    public = crawler(fake, tmp_path, None, selectors=[{}])
    assert public.failures() == []
    assert {row[0] for row in public.tables()["repositories"]} == {
        "acme/api", "acme/web", "acme/tools/cli/dev", "partner/base",
    }  # fmt: skip


def test_more_artifacts_than_a_page_are_read_and_the_first_page_again(
    corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    big = corpus.add("acme/big")
    for number in range(103):
        big.push(f"b{number}", corpus.image(f"big {number}"), day=number)
    fake = serve(HarborFake(corpus, ADMIN))
    read = crawler(fake, tmp_path, ADMIN, selectors=[{"namespace_pattern": "acme", "repository_pattern": "big"}])
    assert read.failures() == []
    assert len(read.tables()["tags"]) == 10
    assert [asked.query["page"] for asked in fake.asked("big/artifacts")] == ["1", "2", "1"]


class HiddenApi(HarborFake):
    """Harbor behind a proxy that passes the registry on, and shows a page of its own for everything else."""

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/api/{rest:.+}", self.portal
        yield from (route for route in super().routes() if not route[1].startswith("/api/"))

    async def portal(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text="<!doctype html><title>Harbor</title>", content_type="text/html")


def test_behind_a_proxy_that_hides_the_api_the_specification_serves(
    corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    fake = serve(HiddenApi(corpus, ADMIN))
    hidden = crawler(fake, tmp_path, ADMIN, selectors=[{"namespace_pattern": "acme", "max_tags": 1}])
    assert hidden.failures() == []
    assert {row[0] for row in hidden.tables()["repositories"]} == set(corpus.repositories) - {"partner/base"}
