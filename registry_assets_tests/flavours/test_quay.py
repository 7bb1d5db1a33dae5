"""What is Quay's own, behind `registry_type: private`. The fake's docstring has the sources."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry_assets_tests.flavours import quay_fake
from registry_assets_tests.flavours.corpus import Corpus, build_corpus
from registry_assets_tests.flavours.crawling import Crawler
from registry_assets_tests.flavours.fake import Account, Fake
from registry_assets_tests.flavours.quay_fake import OAUTH_USER, READ, QuayFake

Serve = Callable[[Fake], Fake]

BOTH = frozenset({"acme", "partner"})
OAUTH = Account(OAUTH_USER, "quay-oauth", frozenset({READ}), BOTH)
UNSCOPED = Account(OAUTH_USER, "quay-oauth", namespaces=BOTH)
ROBOT = Account("acme+puller", "robot-secret", namespaces=BOTH)
EVERYTHING = {"acme/api", "acme/web", "acme/chart", "partner/base"}


@pytest.fixture
def corpus() -> Corpus:
    return build_corpus()


def crawler(fake: Fake, folder: Path, account: Account | None = OAUTH, **options: object) -> Crawler:
    credentials = {"username": account.username, "password": account.secret} if account else {}
    return Crawler(folder, {"registry_type": "private", "api_url": fake.url, **credentials, **options})


def test_the_listing_tells_what_the_specification_does_not(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """Also where the token is given as the password of `$oauthtoken`, as for the registry alone."""
    fake = serve(QuayFake(corpus, OAUTH))
    told = crawler(fake, tmp_path)
    assert told.failures() == []
    assert ("acme/web", "The shop window") in told.rows("SELECT repository, description FROM repositories")
    first = corpus.repositories["acme/api"].tags["1.0"].manifest
    assert told.rows(
        "SELECT digest, listed_size, pushed_at = TIMESTAMPTZ '2026-03-02 12:00:00+00' FROM tags"
        " WHERE repository = 'acme/api' AND tag = '1.0'"
    ) == {(first.digest, first.size, True)}
    assert fake.asked("/manifests/", "HEAD") == fake.asked("_catalog") == []


def test_a_robot_account_is_served_by_the_specification(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """The API would take it for nobody and leave out what is private; it is not asked."""
    fake = serve(QuayFake(corpus, ROBOT))
    robot = crawler(fake, tmp_path, ROBOT)
    assert robot.failures() == []
    assert {row[0] for row in robot.tables()["repositories"]} == EVERYTHING
    assert fake.asked("^/api/") == []
    assert fake.asked("/manifests/", "HEAD")


def test_a_token_without_the_scope_is_served_by_the_specification(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(QuayFake(corpus, UNSCOPED))
    unscoped = crawler(fake, tmp_path, UNSCOPED)
    assert unscoped.failures() == []
    assert {row[0] for row in unscoped.tables()["repositories"]} == EVERYTHING
    assert fake.asked("_catalog")


def test_open_namespaces_come_from_the_catalog(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """The API would list every public repository of the host. Tags still come from it."""
    fake = serve(QuayFake(corpus, OAUTH))
    wide = crawler(fake, tmp_path, selectors=[{"namespace_pattern": "acm.*|part.*"}])
    assert wide.failures() == []
    assert {row[0] for row in wide.tables()["repositories"]} == EVERYTHING
    assert fake.asked("/api/v1/repository$") == []
    assert fake.asked("/manifests/", "HEAD") == []


def test_without_credentials_what_is_public_comes_from_the_api(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(QuayFake(corpus))
    public = crawler(fake, tmp_path, None)
    assert public.failures() == []
    assert {row[0] for row in public.tables()["repositories"]} == EVERYTHING - {"acme/chart"}
    assert fake.asked("/manifests/", "HEAD") == []


def test_without_credentials_an_empty_catalog_is_not_believed(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """It would be empty for nobody, as if everything had been deleted."""
    fake = serve(QuayFake(corpus))
    (failure,) = crawler(fake, tmp_path, None, selectors=[{}]).failures()
    assert failure.error == "NotAllowed"
    assert "Name the repositories" in failure.advice


def test_a_wrong_token_fails_the_run_where_all_is_named(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(QuayFake(corpus))
    named = [{"namespace_pattern": "acme", "repository_pattern": "web"}]
    (failure,) = crawler(fake, tmp_path, selectors=named).failures()
    assert failure.error == "CredentialsRejected"
    assert OAUTH.secret not in failure.message


def test_tags_out_of_order_are_all_read(
    corpus: Corpus, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = serve(QuayFake(corpus, OAUTH))
    newest_first = quay_fake.tag_entries
    monkeypatch.setattr(quay_fake, "tag_entries", lambda repository: reversed(list(newest_first(repository))))
    web = [{"namespace_pattern": "acme", "repository_pattern": "web", "max_tags": 1}]
    crawled = crawler(fake, tmp_path, selectors=web)
    assert crawled.failures() == []
    assert {tag for _, tag, _ in crawled.tables()["tags"]} == {"latest"}
