"""What is GHCR's own: packages and versions of GitHub's REST API, and tokens. The fake's docstring has the sources."""

from collections.abc import Callable
from pathlib import Path

import pytest

from registry_assets.providers.models import Provider
from registry_assets.registry.flavours.ghcr import Ghcr
from registry_assets_tests.flavours.corpus import Corpus, build_corpus
from registry_assets_tests.flavours.crawling import Crawler
from registry_assets_tests.flavours.fake import Account, Fake
from registry_assets_tests.flavours.ghcr_fake import GhcrFake

Serve = Callable[[Fake], Fake]

SCOPES = frozenset({"read:packages", "read:org"})
OCTOCAT = Account("octocat", "ghp_octocat", SCOPES, frozenset({"acme", "octocat"}))
NO_ORGANIZATIONS = Account("octocat", "ghp_only-packages", frozenset({"read:packages"}), frozenset({"octocat"}))
FINE_GRAINED = Account("octocat", "github_pat_octocat", SCOPES, frozenset({"acme", "octocat"}))
REFERENCE = [{"namespace_pattern": "acme", "repository_pattern": "^(api|chart)$", "max_tags": 10}]


@pytest.fixture
def corpus() -> Corpus:
    corpus = build_corpus()
    corpus.add("octocat/hello", private=True).push("1", corpus.image("hello"), day=1)
    corpus.add("octocat/tools/cli/dev").push("latest", corpus.image("nested"), day=1)
    return corpus


def crawler(fake: Fake, folder: Path, account: Account | None = OCTOCAT, **options: object) -> Crawler:
    credentials = {"username": account.username, "token": account.secret} if account else {}
    return Crawler(folder, {"registry_type": "ghcr", "api_url": fake.url, **credentials, **options})


def test_the_example_of_the_reference_reads_its_two_repositories(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """Exact names are listed nowhere; their versions tell all digests in one request each."""
    fake = serve(GhcrFake(corpus, OCTOCAT))
    example = crawler(fake, tmp_path, selectors=REFERENCE)
    assert example.failures() == []
    assert {name for name, _, _ in example.tables()["repositories"]} == {"acme/api", "acme/chart"}
    assert fake.asked("/packages$") == fake.asked("/manifests/", "HEAD") == []
    assert len([asked for asked in fake.asked("/versions$") if asked.status == 200]) == 2


@pytest.mark.parametrize("account", [None, FINE_GRAINED], ids=["anonymous", "fine-grained"])
def test_public_names_are_read_without_the_api(
    account: Account | None, corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    """Tags by the specification, a HEAD for each chosen tag's digest; a refusing API is asked once."""
    fake = serve(GhcrFake(corpus, *([account] if account else [])))
    named = [{"namespace_pattern": "acme", "repository_pattern": "web|api", "max_tags": 3}]
    public = crawler(fake, tmp_path, account, selectors=named, concurrency=1)
    assert public.failures() == []
    assert len(public.tables()["tags"]) == 6
    assert len([asked for asked in fake.asked("/tags/list") if asked.status == 200]) == 3
    assert len([asked for asked in fake.asked("/manifests/", "HEAD") if asked.status == 200]) == 6
    assert len(fake.asked("/versions$")) == (1 if account else 0)


def test_a_fine_grained_token_is_recognised(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GhcrFake(corpus, FINE_GRAINED))
    chart = [{"namespace_pattern": "acme", "repository_pattern": "chart"}]
    (failure,) = crawler(fake, tmp_path, FINE_GRAINED, selectors=chart).failures()
    assert failure.error == "NotAllowed"
    assert "classic personal access token" in failure.advice
    assert "this one is fine-grained" in failure.advice


@pytest.mark.parametrize("pattern", [".*", "octo.*|acm.*"])
def test_namespace_patterns_are_matched_with_the_own_namespaces(
    pattern: str, corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    """The user's and their organisations' packages; names with slashes go URL-encoded."""
    fake = serve(GhcrFake(corpus, OCTOCAT))
    assert isinstance(fake, GhcrFake)
    fake.organizations = {"octocat": ["acme"]}
    own = crawler(fake, tmp_path, selectors=[{"namespace_pattern": pattern}])
    assert own.failures() == []
    found = {name for name, _, _ in own.tables()["repositories"]}
    assert found == {"acme/web", "acme/api", "acme/chart", "octocat/hello", "octocat/tools/cli/dev"}
    assert fake.asked("/users/octocat/packages/container/tools%2Fcli%2Fdev/versions")


def test_without_read_org_the_users_own_packages_are_kept(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GhcrFake(corpus, NO_ORGANIZATIONS))
    own = crawler(fake, tmp_path, NO_ORGANIZATIONS, selectors=[{}])
    (failure,) = own.failures()
    assert "read:org" in failure.advice
    assert len(own.tables()["repositories"]) == 2


def test_without_credentials_the_answer_is_that_of_the_reference(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """The row of its troubleshooting: the catalog is not supported, exact repositories must be specified."""
    fake = serve(GhcrFake(corpus))
    (failure,) = crawler(fake, tmp_path, None, selectors=[{"namespace_pattern": "acme"}]).failures()
    assert failure.error == "NotSupported"
    assert "GHCR doesn't support the catalog endpoint: specify exact repositories" in failure.advice
    assert "^(repo1|repo2)$" in failure.advice


def test_a_user_is_told_from_an_organisation_once(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GhcrFake(corpus, OCTOCAT))
    own = crawler(fake, tmp_path, selectors=[{"namespace_pattern": "octocat"}])
    assert own.failures() == []
    assert len([asked for asked in fake.log if asked.status == 404]) == 1


def test_untagged_versions_are_passed_over_on_every_page(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """Five pages, and the first again: a tag that moved to a new version meanwhile was on none of them."""
    big = corpus.add("acme/big")
    for number in range(450):
        image = corpus.image(f"untagged {number}")
        big.manifests[image.digest] = image
    big.push("latest", corpus.image("tagged"), day=3)
    fake = serve(GhcrFake(corpus, OCTOCAT))
    named = crawler(fake, tmp_path, selectors=[{"namespace_pattern": "acme", "repository_pattern": "big"}])
    assert named.failures() == []
    assert {tag for _, tag, _ in named.tables()["tags"]} == {"latest"}
    assert [asked.query["page"] for asked in fake.asked("big/versions")] == ["1", "2", "3", "4", "5", "1"]


def test_a_spent_api_limit_is_a_limit_and_not_a_missing_right(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """GitHub says it with 403."""
    fake = serve(GhcrFake(corpus, OCTOCAT))
    assert isinstance(fake, GhcrFake)
    fake.remaining = 0
    (failure,) = crawler(fake, tmp_path, selectors=[{"namespace_pattern": "acme"}]).failures()
    assert failure.error == "RateLimited"
    assert "Increase `every`" in failure.advice


def test_a_wrong_token_fails_the_run_also_where_all_is_named(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GhcrFake(corpus))
    (failure,) = crawler(fake, tmp_path, selectors=REFERENCE, concurrency=1).failures()
    assert failure.error == "CredentialsRejected"
    assert "Bad credentials" in failure.message
    assert OCTOCAT.secret not in failure.message


@pytest.mark.parametrize(
    ("api_url", "api"),
    [
        ("https://ghcr.io", "https://api.github.com"),
        ("https://containers.octocorp.ghe.com", "https://api.octocorp.ghe.com"),
        ("https://containers.github.company.com", "https://github.company.com/api/v3"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    ],
)
def test_where_the_api_is_follows_from_the_registry(api_url: str, api: str) -> None:
    config = {"registry_type": "ghcr", "api_url": api_url}
    registry = Ghcr(Provider.model_validate({"name": "ghcr", "config": config}), {})
    assert str(registry.github.base).rstrip("/") == api
