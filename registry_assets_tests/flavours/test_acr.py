"""What is Azure's own: its credentials, scopes, and the order of its tags. The fake has the sources."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from registry_assets.errors import MissingExtra
from registry_assets.providers.models import Provider
from registry_assets.registry.flavours import acr
from registry_assets.registry.flavours.azure import may_be_asked_for
from registry_assets_tests.flavours.acr_fake import NOBODY, AcrFake, managed_identity
from registry_assets_tests.flavours.corpus import Corpus, build_corpus
from registry_assets_tests.flavours.crawling import Crawler, expected_tables
from registry_assets_tests.flavours.fake import Account, Fake

Serve = Callable[[Fake], Fake]
Start = Callable[..., AcrFake]

READER = Account("identity", "managed-secret", namespaces=frozenset({"acme", "partner"}))
PASSWORD = Account("puller", "pulls", namespaces=frozenset({"acme", "partner"}))


@pytest.fixture
def corpus() -> Corpus:
    return build_corpus()


@pytest.fixture
def start(corpus: Corpus, serve: Serve) -> Start:
    def started(*accounts: Account, **options: int) -> AcrFake:
        fake = serve(AcrFake(corpus, *accounts, **options))
        assert isinstance(fake, AcrFake)
        return fake

    return started


def crawler(fake: Fake, folder: Path, **options: object) -> Crawler:
    return Crawler(folder, {"registry_type": "acr", "api_url": fake.url, **options})


@pytest.mark.parametrize("uses", [0, 3], ids=["good", "refresh tokens end early"])
def test_the_default_credential_chain_reads_private_repositories(
    uses: int, corpus: Corpus, start: Start, tmp_path: Path
) -> None:
    fake = start(READER, expire_every=5 if uses else 0)
    fake.uses = uses
    os.environ.update(managed_identity(fake, READER))
    own = crawler(fake, tmp_path, concurrency=1)
    assert own.failures() == []
    assert own.tables() == expected_tables(own, corpus)
    assert len(fake.asked("/identity")) == 1
    assert len(fake.asked("/oauth2/exchange")) == len(fake.refresh_tokens)
    assert (len(fake.refresh_tokens) > 1) == bool(uses)


def test_an_identity_without_a_role_is_told_in_one_line(start: Start, tmp_path: Path) -> None:
    stranger = Account("identity", "managed-secret")
    fake = start(stranger)
    os.environ.update(managed_identity(fake, stranger))
    (failure,) = crawler(fake, tmp_path).failures()
    assert failure.error == "CredentialsRejected"
    assert "the registry refuses this Azure identity" in failure.message
    assert "AcrPull" in failure.advice
    assert "entra-" not in failure.message


def test_an_identity_that_does_not_work_is_told_in_one_line(start: Start, tmp_path: Path) -> None:
    fake = start(READER)
    os.environ.update(managed_identity(fake, Account("identity", "another-secret")))
    (failure,) = crawler(fake, tmp_path).failures()
    assert failure.error == "CredentialsRejected"
    assert "Azure's credential chain gives no token" in failure.message
    assert "az login" in failure.advice
    assert "another-secret" not in failure.message


def test_azures_tokens_go_to_azure_alone() -> None:
    here = {"IDENTITY_ENDPOINT": "http://127.0.0.1:4000/identity"}
    assert may_be_asked_for(httpx.URL("https://mine.azurecr.io"), {})
    assert may_be_asked_for(httpx.URL("https://mine.azurecr.cn"), {})
    assert may_be_asked_for(httpx.URL("http://127.0.0.1:4000"), here)
    for stranger in ("https://azurecr.io.example", "https://notazurecr.io", "http://127.0.0.1:4001"):
        assert not may_be_asked_for(httpx.URL(stranger), here)


def test_without_azure_identity_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acr, "has_azure_identity", lambda: False)
    config = {"registry_type": "acr", "api_url": "https://mine.azurecr.io"}
    provider = Provider.model_validate({"name": "mine", "config": config})
    with pytest.raises(MissingExtra, match=r"registry-assets\[azure\]"):
        acr.Acr(provider, {"AZURE_CLIENT_ID": "1"})
    assert acr.Acr(provider, {}).client.authenticator.login.scheme == "anonymous"


def test_a_token_alone_is_the_registrys_refresh_token(corpus: Corpus, start: Start, tmp_path: Path) -> None:
    """What `az acr login --expose-token` prints."""
    fake = start(READER)
    own = crawler(fake, tmp_path, token=fake.refresh_token(READER))
    assert own.failures() == []
    assert own.tables() == expected_tables(own, corpus)


def test_a_token_that_has_ended_is_told_in_one_line(start: Start, tmp_path: Path) -> None:
    fake = start(READER)
    (failure,) = crawler(fake, tmp_path, token="ended-long-ago").failures()
    assert failure.error == "CredentialsRejected"
    assert "ended-long-ago" not in f"{failure.message} {failure.advice}"


def test_what_az_acr_login_leaves_in_dockers_configuration_is_used(
    corpus: Corpus, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = start(READER)
    entry = {"auth": base64.b64encode(f"{NOBODY}:".encode()).decode(), "identitytoken": fake.refresh_token(READER)}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {fake.url.partition("://")[2]: entry}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    own = crawler(fake, tmp_path)
    assert own.failures() == []
    assert own.tables() == expected_tables(own, corpus)
    assert fake.asked("/oauth2/token", "POST")


@pytest.mark.parametrize("anonymous", [True, False])
def test_public_is_a_registry_with_anonymous_pull(anonymous: bool, start: Start, tmp_path: Path) -> None:
    fake = start(PASSWORD)
    fake.anonymous = anonymous
    own = crawler(fake, tmp_path, username="puller", password="pulls")
    own.crawl(until="registries")
    assert own.rows("SELECT public FROM registries") == {(anonymous,)}


def test_listings_tell_size_platform_and_time(start: Start, tmp_path: Path) -> None:
    fake = start(PASSWORD)
    api = [{"namespace_pattern": "acme", "repository_pattern": "api", "max_tags": 0}]
    own = crawler(fake, tmp_path, username="puller", password="pulls", selectors=api)
    own.crawl(until="tags")
    assert fake.asked("/v2/.*/(manifests|blobs)/") == []
    told = own.rows("SELECT tag, listed_size, listed_platforms::VARCHAR, strftime(pushed_at, '%m-%d') FROM tags")
    assert told == {
        ("1.0", fake.corpus.repositories["acme/api"].tags["1.0"].manifest.size, "[linux/amd64]", "03-02"),
        ("2.0", None, None, "03-03"),
        ("latest", None, None, "03-04"),
    }


def test_a_repository_that_is_named_and_not_there_is_said_so(start: Start, tmp_path: Path) -> None:
    fake = start(PASSWORD)
    own = crawler(fake, tmp_path, username="puller", password="pulls", repositories=["acme/nothing", "acme/api"])
    (failure,) = own.failures()
    assert (failure.error, failure.repository) == ("NothingThere", "acme/nothing")
    assert {name for name, _, _ in own.tables()["repositories"]} == {"acme/api"}
