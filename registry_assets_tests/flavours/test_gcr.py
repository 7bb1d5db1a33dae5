"""What is Google's own: its credentials, and the answer of `tags/list` that tells more. The fake has the sources."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from registry_assets.errors import MissingExtra
from registry_assets.providers.models import Provider
from registry_assets.registry.flavours import gcr as gcr_module
from registry_assets.registry.flavours.gcr import first_part
from registry_assets.registry.flavours.google import may_be_asked_for
from registry_assets_tests.flavours.corpus import Corpus, build_corpus
from registry_assets_tests.flavours.crawling import Crawler
from registry_assets_tests.flavours.fake import Account, Fake
from registry_assets_tests.flavours.gcr_fake import GcrFake, key_document, key_file, private_key

Serve = Callable[[Fake], Fake]

EMAIL = "reader@acme.iam.gserviceaccount.com"
ACME = [{"namespace_pattern": "acme", "max_tags": 0}]
# Walked, for they are no plain names; without the repository of many tags.
SOME = [{"namespace_pattern": "acme", "repository_pattern": "(api|chart)x?", "max_tags": 0}]


@pytest.fixture
def corpus() -> Corpus:
    return build_corpus()


@pytest.fixture
def reader() -> Account:
    return Account(EMAIL, private_key(), namespaces=frozenset({"acme", "partner"}))


def crawler(fake: Fake, folder: Path, **options: object) -> Crawler:
    return Crawler(folder, {"registry_type": "gcr", "api_url": fake.url, **options})


def names(crawled: Crawler) -> set[str]:
    """The repositories whose tags and manifests are known."""
    found = {
        str(name) for (name,) in crawled.rows("SELECT repository FROM tags JOIN manifests USING (repository, digest)")
    }
    assert found == {str(name) for (name,) in crawled.rows("SELECT repository FROM repositories")}
    return found


def sign_in(fake: Fake, account: Account, folder: Path) -> None:
    """Makes the account the Application Default Credentials; conftest.py takes them away again."""
    os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = key_file(fake, account, folder)


def test_application_default_credentials_read_private_repositories(
    corpus: Corpus, reader: Account, serve: Serve, tmp_path: Path
) -> None:
    fake = serve(GcrFake(corpus, reader))
    assert isinstance(fake, GcrFake)
    sign_in(fake, reader, tmp_path)
    own = crawler(fake, tmp_path, selectors=SOME)
    assert own.failures() == []
    assert names(own) == {"acme/api", "acme/chart"}
    assert fake.access_tokens == 1


@pytest.mark.parametrize(("lifetime", "uses"), [(3600, 2), (1, 0)], ids=["ended-early", "short-lived"])
def test_access_tokens_that_end_in_the_middle_are_renewed(
    lifetime: int, uses: int, corpus: Corpus, reader: Account, serve: Serve, tmp_path: Path
) -> None:
    """Whether the client knows that the token has ended, or the token server says so."""
    fake = serve(GcrFake(corpus, reader, expire_every=3))
    assert isinstance(fake, GcrFake)
    fake.lifetime, fake.uses = lifetime, uses
    sign_in(fake, reader, tmp_path)
    own = crawler(fake, tmp_path, concurrency=1, selectors=SOME)
    assert own.failures() == []
    assert names(own) == {"acme/api", "acme/chart"}
    assert fake.expired
    assert fake.access_tokens > 1


def test_a_wrong_key_is_told_in_one_line(corpus: Corpus, reader: Account, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GcrFake(corpus, reader))
    sign_in(fake, Account(EMAIL, private_key("another")), tmp_path)
    (failure,) = crawler(fake, tmp_path).failures()
    assert failure.error == "CredentialsRejected"
    assert "Invalid JWT Signature" in failure.message
    assert "gcloud auth application-default login" in failure.advice
    assert "\n" not in failure.message + failure.advice


@pytest.mark.parametrize("text", ["", "{}", '{"type": "service_account"}'])
def test_a_broken_key_file_is_told_in_one_line(text: str, tmp_path: Path) -> None:
    """What is asked for is on Google's own host; nothing is sent there before the credentials hold."""
    (tmp_path / "key.json").write_text(text)
    os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "key.json")
    config = {"registry_type": "gcr", "selectors": ACME}
    (failure,) = Crawler(tmp_path, config).failures()
    assert failure.error == "CredentialsRejected"
    assert "key.json" in failure.message
    assert "\n" not in failure.message


@pytest.mark.parametrize("username", ["_json_key", "_json_key_base64"])
def test_a_key_may_be_given_as_password(
    username: str, corpus: Corpus, reader: Account, serve: Serve, tmp_path: Path
) -> None:
    fake = serve(GcrFake(corpus, reader))
    key = key_document(fake, reader)
    password = base64.b64encode(key.encode()).decode() if username.endswith("64") else key
    own = crawler(fake, tmp_path, username=username, password=password, selectors=SOME)
    assert own.failures() == []
    assert names(own) == {"acme/api", "acme/chart"}


def test_what_the_provider_gives_wins(corpus: Corpus, reader: Account, serve: Serve, tmp_path: Path) -> None:
    weak = Account("oauth2accesstoken", "ya29.weak")
    fake = serve(GcrFake(corpus, reader, weak))
    assert isinstance(fake, GcrFake)
    sign_in(fake, reader, tmp_path)
    chart = [{"namespace_pattern": "acme", "repository_pattern": "chart"}]
    (failure,) = crawler(fake, tmp_path, token=weak.secret, selectors=chart).failures()
    assert failure.error == "NotAllowed"
    assert fake.access_tokens == 0


@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("gcr.io", True),
        ("eu.gcr.io", True),
        ("us-central1-docker.pkg.dev", True),
        ("notgcr.io", False),
        ("gcr.io.example.com", False),
        ("registry.example.com", False),
        ("127.0.0.1:1", True),
        ("127.0.0.1:2", False),
    ],
)
def test_googles_credentials_go_to_google_alone(host: str, asked: bool, tmp_path: Path) -> None:
    """Or to where the key file says that its token server is."""
    (tmp_path / "key.json").write_text('{"token_uri": "https://127.0.0.1:1/token"}')
    environment = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")}
    assert may_be_asked_for(httpx.URL(f"https://{host}"), environment) == asked


def test_without_google_auth_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gcr_module, "has_google_auth", lambda: False)
    provider = Provider.model_validate({"name": "google", "config": {"registry_type": "gcr", "selectors": ACME}})
    given = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")}
    with pytest.raises(MissingExtra, match=r"registry-assets\[gcp\]"):
        gcr_module.Gcr(provider, given)


def test_what_is_public_needs_neither_credentials_nor_google_auth(
    corpus: Corpus, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A walk goes as far as may be seen; what may not is told, with the extra that could help."""
    monkeypatch.setattr(gcr_module, "has_google_auth", lambda: False)
    fake = serve(GcrFake(corpus))
    public = crawler(fake, tmp_path, selectors=[{"namespace_pattern": "acme", "max_tags": 1}])
    (failure,) = public.failures()
    assert "Unauthenticated requests do not have permission" in failure.message
    assert "registry-assets[gcp]" in failure.advice
    assert {name for name, _, _ in public.tables()["repositories"]} == {"acme/web", "acme/api"}


def test_a_repository_that_may_not_be_seen_is_not_taken_for_deleted(
    corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    token = Account("oauth2accesstoken", "ya29.reader", namespaces=frozenset({"acme"}))
    fake = serve(GcrFake(corpus, token))
    own = crawler(fake, tmp_path, token=token.secret, selectors=SOME)
    assert own.failures() == []
    fake.accounts[token.username] = Account(token.username, token.secret)
    (failure,) = own.failures()
    assert failure.error == "NotAllowed"
    assert "acme/chart" in {name for name, _, _ in own.tables()["repositories"]}


def test_the_listing_tells_digest_time_and_size(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """Container Registry writes the time as a string, Artifact Registry as a number; both mean the same."""
    told = []
    for numbers in (False, True):
        fake = serve(GcrFake(corpus))
        assert isinstance(fake, GcrFake)
        fake.numbers = numbers
        folder = tmp_path / str(numbers)
        folder.mkdir()
        named = crawler(fake, folder, repositories=["partner/base"])
        assert named.failures() == []
        told.append(named.rows("SELECT tag, digest, media_type, epoch(pushed_at), listed_size FROM tags"))
    base = corpus.repositories["partner/base"].tags["3"]
    row = ("3", base.digest, base.manifest.media_type, base.pushed_at.timestamp(), base.manifest.size)
    assert told == [{row}, {row}]


def test_the_year_one_is_no_time(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(GcrFake(corpus))
    assert isinstance(fake, GcrFake)
    fake.timeless = True
    named = crawler(fake, tmp_path, repositories=["partner/base"])
    assert named.failures() == []
    assert named.rows("SELECT tag, pushed_at FROM tags") == {("3", None)}


def test_a_plain_answer_is_read_by_the_specification(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """All pages of names, and a HEAD for each chosen tag."""
    fake = serve(GcrFake(corpus))
    assert isinstance(fake, GcrFake)
    fake.extended = False
    web = crawler(fake, tmp_path, selectors=[{"namespace_pattern": "acme", "repository_pattern": "web", "max_tags": 2}])
    assert web.failures() == []
    assert web.rows("SELECT tags_total FROM repositories") == {(132,)}
    assert len([asked for asked in fake.asked("/manifests/", "HEAD") if asked.status == 200]) == 2


@pytest.fixture
def nested(corpus: Corpus) -> Corpus:
    """A project of Artifact Registry: repositories have a part of their own, images parts below it and each other."""
    for name in ("shop/docker/web", "shop/docker/web/debug", "shop/docker/team/tools/cli", "shop/other/job"):
        corpus.add(name).push("1", corpus.image(name), day=1)
    return corpus


def test_a_project_is_walked_to_its_leaves(nested: Corpus, serve: Serve, tmp_path: Path) -> None:
    """A path may be a repository and have others below it; what the walk read is not asked for again."""
    fake = serve(GcrFake(nested))
    shop = crawler(fake, tmp_path, selectors=[{"namespace_pattern": "shop"}])
    assert shop.failures() == []
    assert {name for name, _, _ in shop.tables()["tags"]} == {one.name for one in nested.of("shop")}
    answered = [asked.path for asked in fake.asked("/tags/list") if asked.status == 200]
    assert len(answered) == len(set(answered)) == 9
    assert fake.asked("_catalog") == []


def test_a_pattern_says_where_to_begin(nested: Corpus, serve: Serve, tmp_path: Path) -> None:
    """Artifact Registry may know no listing of a whole project; one of its repositories has one."""
    fake = serve(GcrFake(nested))
    assert isinstance(fake, GcrFake)
    fake.walks_projects = False
    docker = [{"namespace_pattern": "shop", "repository_pattern": "docker/.*"}]
    shop = crawler(fake, tmp_path, selectors=docker)
    assert shop.failures() == []
    assert len(shop.tables()["repositories"]) == 3
    assert fake.asked("/v2/shop/tags") == fake.asked("other") == fake.asked("_catalog") == []


@pytest.mark.parametrize("catalog", [True, False])
def test_a_project_that_cannot_be_walked_is_in_the_catalog_or_an_error(
    catalog: bool, nested: Corpus, serve: Serve, tmp_path: Path
) -> None:
    """An empty catalog is never taken for an empty project."""
    token = Account("oauth2accesstoken", "ya29.reader", catalog=catalog)
    fake = serve(GcrFake(nested, token))
    assert isinstance(fake, GcrFake)
    fake.walks_projects = False
    shop = crawler(fake, tmp_path, token=token.secret, selectors=[{"namespace_pattern": "shop"}])
    failures = shop.failures()
    assert len(shop.tables()["repositories"]) == (4 if catalog else 0)
    assert [failure.error for failure in failures] == ([] if catalog else ["NotAllowed"])
    assert all("repository_pattern `my-repository/.*`" in failure.advice for failure in failures)


def test_without_a_named_project_the_catalog_is_asked(corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    token = Account("oauth2accesstoken", "ya29.reader", namespaces=frozenset({"acme"}))
    fake = serve(GcrFake(corpus, token))
    own = crawler(fake, tmp_path, token=token.secret, selectors=[{"namespace_pattern": "ac.*"}])
    assert own.failures() == []
    assert {name for name, _, _ in own.tables()["repositories"]} == {"acme/web", "acme/api", "acme/chart"}


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        ("docker/.*", "docker"),
        ("^Docker/(web|api)$", ""),
        ("^docker/web.*$", "docker"),
        ("docker/?.*", ""),
        ("doc.*/web", ""),
        ("docker.*", ""),
        (".*", ""),
    ],
)
def test_the_first_part_of_a_pattern_is_taken_only_where_it_is_certain(pattern: str, part: str) -> None:
    assert first_part(pattern) == part
