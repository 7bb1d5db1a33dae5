"""What is Docker Hub's own: the Hub API's metadata, its order and its limits. The fake's docstring has the sources."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry_assets.providers.models import Provider
from registry_assets.registry.flavours.docker_hub import DockerHub
from registry_assets_tests.flavours.corpus import Corpus, build_corpus
from registry_assets_tests.flavours.crawling import Crawler
from registry_assets_tests.flavours.docker_hub_fake import DockerHubFake
from registry_assets_tests.flavours.fake import Account, Fake

Serve = Callable[[Fake], Fake]

LISTING = frozenset({"scope-repository-list"})
READER = Account("reader", "dckr_pat_reader", LISTING, frozenset({"acme", "reader"}))
ORGANIZATION = Account("acme", "dckr_oat_acme", LISTING, frozenset({"acme"}))
QUICK_START = [{"namespace_pattern": "library", "repository_pattern": "^(nginx|redis)$", "max_tags": 5}]


@pytest.fixture
def corpus() -> Corpus:
    corpus = build_corpus()
    for name in ("nginx", "redis", "postgres"):
        about = {"description": f"Official {name}", "star_count": 15000, "pull_count": 1_000_000_000}
        official = corpus.add(f"library/{name}", **about)
        for number in range(12):
            official.push(f"1.{number}", corpus.image(f"{name} 1.{number}"), day=number)
    corpus.add("reader/tool").push("1", corpus.image("tool"), day=1)
    return corpus


def crawler(fake: Fake, folder: Path, account: Account | None = None, **options: object) -> Crawler:
    credentials = {"username": account.username, "password": account.secret} if account else {}
    return Crawler(folder, {"registry_type": "docker-hub", "api_url": fake.url, **credentials, **options})


def test_the_quick_start_asks_for_each_name_and_fills_the_fields(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """Two repositories of thousands: no listing of the namespace, one page of tags each."""
    fake = serve(DockerHubFake(corpus, READER))
    quick_start = crawler(fake, tmp_path, READER, selectors=QUICK_START)
    assert quick_start.failures() == []
    assert quick_start.rows("SELECT repository, description, official, star_count, pull_count FROM repositories") == {
        (f"library/{name}", f"Official {name}", True, 15000, 1_000_000_000) for name in ("nginx", "redis")
    }
    assert fake.asked("/namespaces/library/repositories$") == []
    assert len(fake.asked("/namespaces/library/repositories/[a-z]+$")) == 2
    assert [asked.query for asked in fake.asked("/tags$")] == [
        {"page": "1", "page_size": "100", "ordering": "last_updated"}
    ] * 2


def test_the_quick_start_works_anonymously(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(DockerHubFake(corpus))
    quick_start = crawler(fake, tmp_path, selectors=QUICK_START)
    assert quick_start.failures() == []
    assert len(quick_start.tables()["tags"]) == 10
    assert {asked.credentials for asked in fake.asked("/v2/namespaces/")} == {""}


def test_a_tag_is_described_by_the_listing(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """An attestation, listed as unknown/unknown, is no platform."""
    fake = serve(DockerHubFake(corpus, READER))
    api = [{"namespace_pattern": "acme", "repository_pattern": "api", "include_tags": ["2.0"]}]
    crawled = crawler(fake, tmp_path, READER, selectors=api)
    crawled.crawl(until="tags")
    ((media_type, platforms, pushed),) = crawled.rows(
        "SELECT media_type, list_sort(listed_platforms)::VARCHAR, pushed_at IS NOT NULL FROM tags"
    )
    assert media_type == "application/vnd.oci.image.index.v1+json"
    assert platforms == "[linux/amd64, linux/arm64]"
    assert pushed


@pytest.mark.parametrize("account", [READER, ORGANIZATION], ids=["user", "organisation"])
def test_where_nothing_is_named_the_own_namespaces_are_listed(
    account: Account, corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    """An organisation's token is not asked for the organisations of a user."""
    fake = serve(DockerHubFake(corpus, account))
    assert isinstance(fake, DockerHubFake)
    fake.organizations = {"reader": ["acme"]}
    own = crawler(fake, tmp_path, account, selectors=[{"repository_pattern": "api|too.*"}])
    assert own.failures() == []
    found = {name for name, _, _ in own.tables()["repositories"]}
    assert found == ({"acme/api", "reader/tool"} if account is READER else {"acme/api"})
    assert bool(fake.asked("/v2/user/orgs")) == (account is READER)


def test_an_order_that_is_not_kept_makes_every_page_read(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """`ordering` is not documented: were it dropped, the newest tags must still be found."""
    fake = serve(DockerHubFake(corpus, READER))
    assert isinstance(fake, DockerHubFake)
    fake.sorts = False
    web = [{"namespace_pattern": "acme", "repository_pattern": "web", "max_tags": 3}]
    crawled = crawler(fake, tmp_path, READER, selectors=web)
    assert crawled.failures() == []
    assert {tag for _, tag, _ in crawled.tables()["tags"]} == {"latest", "stable", "1.129"}
    assert len(fake.asked("/web/tags$")) == 2


def test_a_wait_told_as_a_moment_is_kept(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """`X-Retry-After` was documented as a Unix time; read as seconds it would be a wait of decades."""
    fake = serve(DockerHubFake(corpus, READER))
    assert isinstance(fake, DockerHubFake)
    fake.busy_answers = 2
    assert crawler(fake, tmp_path, READER, selectors=QUICK_START).failures() == []


def test_the_api_token_is_renewed_before_it_ends(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(DockerHubFake(corpus, READER))
    assert isinstance(fake, DockerHubFake)
    fake.lifetime = 0
    crawled = crawler(fake, tmp_path, READER, selectors=QUICK_START, concurrency=1)
    assert crawled.failures() == []
    assert len(fake.asked("/v2/auth/token")) == 4
    assert fake.asked("/v2/namespaces/") == [asked for asked in fake.asked("/v2/namespaces/") if asked.status == 200]


def test_a_wrong_password_is_sent_once(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """Repeating it could lock the account."""
    fake = serve(DockerHubFake(corpus))
    (failure,) = crawler(fake, tmp_path, READER, selectors=QUICK_START[:1]).failures()
    assert failure.error == "CredentialsRejected"
    assert len(fake.asked("/v2/auth/token")) == 1


def test_a_spent_pull_budget_stops_pulls_and_nothing_else(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """A tenth is left to others; what the listings tell is there, and the next crawl goes on where this one stopped."""
    fake = serve(DockerHubFake(corpus))
    assert isinstance(fake, DockerHubFake)
    fake.pulls = 20
    official = [{"namespace_pattern": "library", "repository_pattern": "nginx|redis|postgres", "max_tags": 0}]
    crawled = crawler(fake, tmp_path, selectors=official)
    first = crawled.crawl()
    (problem,) = first.problems
    assert problem.error == "BudgetSpent"
    assert "10 of 100 pulls are left" in problem.message
    assert "come back at" in problem.message
    assert first.allowances == {"pull_limit": 100, "pulls_remaining": 10}
    assert [stage.stage for stage in first.crawl.stages if not stage.complete] == ["manifests"]
    assert fake.pulls == 10
    tables = crawled.tables()
    assert len(tables["tags"]) == 36
    assert len(tables["manifests"]) == 10
    ((listed, read),) = crawled.rows("SELECT count(*), count(layers) FROM images WHERE size IS NOT NULL")
    assert (listed, read) == (36, 10)
    fake.pulls = 100
    assert crawled.failures() == []
    assert len(crawled.tables()["manifests"]) == 36
    assert fake.pulls == 100 - 26


def test_a_budget_spent_beforehand_is_told_as_such(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(DockerHubFake(corpus))
    assert isinstance(fake, DockerHubFake)
    fake.pulls = 0
    crawled = crawler(fake, tmp_path, selectors=QUICK_START)
    (failure,) = crawled.failures()
    assert failure.error == "BudgetSpent"
    assert len(crawled.tables()["tags"]) == 10
    assert fake.asked("/manifests/", "GET")
    fake.violations.clear()


def test_an_unknown_namespace_is_named(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(DockerHubFake(corpus))
    two = [{"namespace_pattern": "library|nobody", "repository_pattern": ".*"}]
    (failure,) = crawler(fake, tmp_path, selectors=two).failures()
    assert "no namespace `nobody`" in failure.message
    assert "`namespace_pattern`" in failure.advice


@pytest.mark.parametrize(
    ("api_url", "api"),
    [
        ("https://registry-1.docker.io", "https://hub.docker.com"),
        ("https://index.docker.io", "https://hub.docker.com"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("https://hub.company.com/docker", "https://hub.company.com/docker"),
    ],
)
def test_where_the_api_is_follows_from_the_registry(api_url: str, api: str) -> None:
    config = {"registry_type": "docker-hub", "api_url": api_url}
    registry = DockerHub(Provider.model_validate({"name": "hub", "config": config}), {})
    assert str(registry.hub.base).rstrip("/") == api
