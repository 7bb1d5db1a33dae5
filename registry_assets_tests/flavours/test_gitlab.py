"""What is GitLab's own, behind `registry_type: private`. The fake's docstring has the sources."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry_assets_tests.flavours.corpus import Corpus, build_corpus
from registry_assets_tests.flavours.crawling import Crawler
from registry_assets_tests.flavours.fake import Account, Fake
from registry_assets_tests.flavours.gitlab_fake import READ_API, GitLabFake

Serve = Callable[[Fake], Fake]

BOTH = frozenset({"acme", "partner"})
USER = Account("reader", "glpat-reader", frozenset({READ_API}), BOTH)
DEPLOY = Account("gitlab+deploy-token-1", "gldt-puller", namespaces=BOTH)


@pytest.fixture
def corpus() -> Corpus:
    corpus = build_corpus()
    corpus.add("acme/team/shop/cart").push("latest", corpus.image("nested"), day=1)
    return corpus


def crawler(fake: Fake, folder: Path, account: Account | None = USER, **options: object) -> Crawler:
    credentials = {"username": account.username, "password": account.secret} if account else {}
    return Crawler(folder, {"registry_type": "private", "api_url": fake.url, **credentials, **options})


@pytest.mark.parametrize(("pattern", "groups"), [("acme|partner", 0), ("acm.*|part.*", 1)], ids=["named", "open"])
def test_groups_are_listed_with_their_subgroups(
    pattern: str, groups: int, corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    """Where none is named, those of the token's user. There is no catalog, and none is asked for."""
    fake = serve(GitLabFake(corpus, USER))
    listed = crawler(fake, tmp_path, selectors=[{"namespace_pattern": pattern, "max_tags": 1}])
    assert listed.failures() == []
    assert {row[0] for row in listed.tables()["repositories"]} == set(corpus.repositories)
    assert len(fake.asked("/groups$")) == groups
    assert fake.asked("_catalog") == []
    assert len(fake.asked("/manifests/", "HEAD")) == len(corpus.repositories)


@pytest.mark.parametrize("account", [DEPLOY, None], ids=["deploy-token", "anonymous"])
def test_named_repositories_need_no_api(account: Account | None, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GitLabFake(corpus, DEPLOY))
    named = [{"namespace_pattern": "acme", "repository_pattern": "^(api|web)$", "max_tags": 1}]
    plain = crawler(fake, tmp_path, account, selectors=named)
    assert plain.failures() == []
    assert {row[0] for row in plain.tables()["repositories"]} == {"acme/api", "acme/web"}
    assert fake.asked("^/api/") == []


def test_a_token_for_the_registry_alone_cannot_list(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GitLabFake(corpus, DEPLOY))
    (failure,) = crawler(fake, tmp_path, DEPLOY).failures()
    assert "does not list its repositories" in failure.message
    assert "Name the repositories" in failure.advice
    assert DEPLOY.secret not in failure.message


def test_a_group_that_is_not_there_leaves_the_others(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GitLabFake(corpus, USER))
    (failure,) = crawler(fake, tmp_path, selectors=[{"namespace_pattern": "acme|gone", "max_tags": 1}]).failures()
    assert "404 Group Not Found" in failure.message
    assert "read_api" in failure.advice
    assert fake.asked("/manifests/", "HEAD")


def test_a_wrong_token_is_sent_once(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GitLabFake(corpus))
    (failure,) = crawler(fake, tmp_path).failures()
    assert failure.error == "CredentialsRejected"
    assert len(fake.log) == 2
