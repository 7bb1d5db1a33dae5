"""What is Amazon's own: its credential chain, its API through the real boto3, and the public gallery.

moto's server stands for the API where it can (https://docs.getmoto.org/en/latest/docs/server_mode.html); the fake, which
has the sources, for what moto lacks: pages, throttling, credentials that end, and the registry itself.
"""

import base64
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from aiohttp import web
from moto.server import ThreadedMotoServer

from registry_assets.errors import MissingExtra
from registry_assets.providers.models import Provider
from registry_assets.registry import flavours
from registry_assets.registry.flavours import ecr
from registry_assets.registry.flavours.ecr_public import EcrPublic
from registry_assets_tests.flavours.corpus import Corpus, Manifest, build_corpus
from registry_assets_tests.flavours.crawling import Crawler, expected_tables
from registry_assets_tests.flavours.ecr_fake import REGION, REGISTRY_ID, EcrFake, answer, chain, repository_entry
from registry_assets_tests.flavours.fake import Account, Fake, Handler

Serve = Callable[[Fake], Fake]
Start = Callable[..., EcrFake]

READER = Account("AKIAREADER", "reader-secret", namespaces=frozenset({"acme", "partner"}))
API = [{"namespace_pattern": "acme", "repository_pattern": "api", "max_tags": 0}]
HOST = f"{REGISTRY_ID}.dkr.ecr.{REGION}.amazonaws.com"


@pytest.fixture
def corpus() -> Corpus:
    return build_corpus()


@pytest.fixture
def start(corpus: Corpus, serve: Serve) -> Start:
    def started(*accounts: Account, **options: int) -> EcrFake:
        fake = serve(EcrFake(corpus, *accounts, **options))
        assert isinstance(fake, EcrFake)
        return fake

    return started


def crawler(url: str, folder: Path, **options: object) -> Crawler:
    return Crawler(folder, {"registry_type": "ecr", "api_url": url, **options})


@pytest.fixture
def moto(corpus: Corpus) -> Iterator[str]:
    """Moto's server, with the images of `acme/api` pushed by boto3."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    session: Any = boto3.Session("AKIAPUSHER", "made-up", region_name=REGION)
    client = session.client("ecr", endpoint_url=url)
    client.create_repository(repositoryName="acme/api")
    for tag, found in corpus.repositories["acme/api"].tags.items():
        for part in (*found.manifest.children, found.manifest):
            push(client, part, tag if part is found.manifest else None)
    yield url
    # What it holds is the whole process's.
    httpx.post(f"{url}/moto-api/reset").raise_for_status()
    server.stop()


def push(client: Any, manifest: Manifest, tag: str | None) -> None:
    named = {"imageTag": tag} if tag else {}
    asked = {"repositoryName": "acme/api", "imageManifestMediaType": manifest.media_type, **named}
    with suppress(client.exceptions.ImageAlreadyExistsException):
        client.put_image(imageManifest=manifest.body.decode(), imageDigest=manifest.digest, **asked)


def by_keys(_folder: Path) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "AKIAREADER", "AWS_SECRET_ACCESS_KEY": "reader-secret"}


def by_profile(folder: Path) -> dict[str, str]:
    """https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html"""
    file = folder / "credentials"
    file.write_text("[reader]\naws_access_key_id = AKIAREADER\naws_secret_access_key = reader-secret\n")
    return {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "reader"}


def by_role(folder: Path) -> dict[str, str]:
    """https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html"""
    file = folder / "config"
    role = f"role_arn = arn:aws:iam::{REGISTRY_ID}:role/reader\nsource_profile = reader\nregion = {REGION}\n"
    file.write_text(f"[profile crawler]\n{role}")
    return {**by_profile(folder), "AWS_CONFIG_FILE": str(file), "AWS_PROFILE": "crawler"}


@pytest.mark.parametrize("sign_in", [by_keys, by_profile, by_role])
def test_boto3_lists_by_the_chain_with_region_and_account_of_the_host(
    sign_in: Callable[[Path], dict[str, str]], moto: str, corpus: Corpus, tmp_path: Path
) -> None:
    os.environ.update(sign_in(tmp_path), AWS_ENDPOINT_URL=moto)
    own = crawler(f"https://{HOST}", tmp_path, selectors=API)
    crawled = own.crawl(until="tags")
    assert [problem.message for problem in crawled.problems] == []
    tags = {name: tag for name, tag in corpus.repositories["acme/api"].tags.items() if not name.startswith("sha256-")}
    assert {(tag, digest) for _, tag, digest in own.tables()["tags"]} == {
        (name, tag.digest) for name, tag in tags.items()
    }
    assert own.rows("SELECT DISTINCT tag_order, pushed_at IS NULL FROM tags JOIN repositories USING (repository)") == {
        ("pushed", False)
    }


@pytest.mark.parametrize(
    ("host", "account", "region"),
    [
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "123456789012", "eu-central-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "123456789012", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "123456789012", "cn-north-1"),
        ("123456789012.dkr-ecr.us-west-2.on.aws", "123456789012", "us-west-2"),
    ],
)
def test_a_host_tells_account_and_region(host: str, account: str, region: str) -> None:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html and …/ecr-requests.html"""
    found = ecr.HOST.fullmatch(host)
    assert found
    assert (found["account"], found["region"]) == (account, region)


@pytest.mark.parametrize("host", ["ecr.example.com", f"{HOST}.evil.example", f"evil.example-{HOST}", "public.ecr.aws"])
def test_the_chains_credentials_go_to_amazon_alone(host: str) -> None:
    assert ecr.HOST.fullmatch(host) is None


def test_the_apis_pages_are_followed_to_their_end(corpus: Corpus, start: Start, tmp_path: Path) -> None:
    fake = start(READER)
    fake.page_size = 3
    os.environ.update(chain(fake, READER))
    own = crawler(fake.url, tmp_path)
    assert own.failures() == []
    assert own.tables() == expected_tables(own, corpus)
    assert len(fake.asked("DescribeImages/acme/web$")) > 3


def test_what_is_throttled_is_asked_again(start: Start, tmp_path: Path) -> None:
    fake = start(READER)
    fake.throttled = 2
    os.environ.update(chain(fake, READER))
    own = crawler(fake.url, tmp_path, selectors=API)
    crawled = own.crawl()
    assert crawled.complete
    assert sum(stage.requests for stage in crawled.crawl.stages) == len(fake.log)


def test_a_session_that_has_ended_is_told_in_one_line(start: Start, tmp_path: Path) -> None:
    fake = start(READER)
    fake.session_expired = True
    os.environ.update(chain(fake, READER))
    (failure,) = crawler(fake.url, tmp_path, selectors=[{}]).failures()
    assert failure.error == "CredentialsRejected"
    assert "the AWS credentials were refused" in failure.message
    assert "aws sts get-caller-identity" in failure.advice


def test_a_token_that_is_given_reads_by_the_specification(corpus: Corpus, start: Start, tmp_path: Path) -> None:
    """What `aws ecr get-login-password` prints: Basic with the user AWS, and no request to the API."""
    fake = start(READER)
    own = crawler(fake.url, tmp_path, token=fake.issue(READER))
    assert own.failures() == []
    assert own.tables() == expected_tables(own, corpus)
    assert fake.asked("^/api/") == []


def test_a_token_that_has_ended_is_told_in_one_line(start: Start, tmp_path: Path) -> None:
    fake = start(READER)
    token = fake.issue(READER)
    fake.expire()
    (failure,) = crawler(fake.url, tmp_path, token=token).failures()
    assert failure.error == "CredentialsRejected"
    assert "your authorization token has expired" in failure.message.lower()
    assert "aws ecr get-login-password" in failure.advice
    assert token not in f"{failure.message} {failure.advice}"


def test_dockers_own_configuration_is_used_where_the_chain_is_empty(
    corpus: Corpus, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = start(READER)
    entry = {"auth": base64.b64encode(f"AWS:{fake.issue(READER)}".encode()).decode()}
    (tmp_path / "config.json").write_text(json.dumps({"auths": {fake.url.partition("://")[2]: entry}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    own = crawler(fake.url, tmp_path)
    assert own.failures() == []
    assert own.tables() == expected_tables(own, corpus)


def test_without_boto3_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ecr, "has_boto3", lambda: False)
    config = {"registry_type": "ecr", "api_url": f"https://{HOST}"}
    with pytest.raises(MissingExtra, match=r"registry-assets\[aws\]"):
        ecr.Ecr(Provider.model_validate({"name": "mine", "config": config}), {})


def test_listings_tell_size_media_type_and_times(start: Start, tmp_path: Path) -> None:
    fake = start(READER)
    os.environ.update(chain(fake, READER))
    own = crawler(fake.url, tmp_path, selectors=API)
    own.crawl(until="tags")
    assert fake.asked("/v2/") == []
    tags = fake.corpus.repositories["acme/api"].tags
    index = tags["2.0"].manifest
    told = own.rows(
        "SELECT tag, listed_size, media_type, strftime(pushed_at, '%m-%d'), strftime(last_pulled_at, '%m-%d') FROM tags"
    )
    largest = max(child.size or 0 for child in index.children)
    assert told == {
        ("1.0", tags["1.0"].manifest.size, tags["1.0"].manifest.media_type, "03-02", "03-03"),
        ("2.0", largest, index.media_type, "03-04", "03-05"),
        ("latest", largest, index.media_type, "03-04", "03-05"),
    }


class EcrPublicFake(EcrFake):
    """The gallery: tokens for nobody, https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html."""

    refuse = Fake.refuse

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/token", self.token
        yield from super().routes()

    def describe_repositories(self, _account: Account, asked: dict[str, Any]) -> web.Response:
        """Its names lack the alias: https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_Repository.html"""
        entries = [
            {
                **repository_entry(one),
                "repositoryName": one.name.partition("/")[2],
                "repositoryUri": f"public/{one.name}",
            }
            for one in self.corpus.of("acme")
        ]
        return self.api_page("repositories", entries, asked)

    def describe_images(self, account: Account, asked: dict[str, Any]) -> web.Response:
        if "filter" in asked:
            return answer({"__type": "ValidationException", "message": "filter is not known here"}, 400)
        return super().describe_images(account, {**asked, "repositoryName": f"acme/{asked['repositoryName']}"})


@pytest.fixture
def gallery(corpus: Corpus, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> EcrPublicFake:
    monkeypatch.setitem(flavours.FLAVOURS, "ecr", EcrPublic)
    fake = serve(EcrPublicFake(corpus, READER))
    assert isinstance(fake, EcrPublicFake)
    return fake


def test_anyone_reads_what_is_named_in_the_gallery(gallery: EcrPublicFake, tmp_path: Path) -> None:
    own = crawler(gallery.url, tmp_path, repositories=["acme/api", "partner/base"])
    assert own.failures() == []
    assert {name for name, _, _ in own.tables()["tags"]} == {"acme/api", "partner/base"}
    assert own.rows("SELECT name, public FROM registries") == {("Amazon ECR Public", True)}


def test_the_gallery_is_listed_to_nobody(gallery: EcrPublicFake, tmp_path: Path) -> None:
    (failure,) = crawler(gallery.url, tmp_path, selectors=[{}]).failures()
    assert "ECR Public has no catalog" in failure.message
    assert "`repositories`" in failure.advice
    assert gallery.asked("catalog") == []


def test_ones_own_of_the_gallery_are_listed_by_the_api(gallery: EcrPublicFake, tmp_path: Path) -> None:
    os.environ.update(chain(gallery, READER))
    own = crawler(gallery.url, tmp_path, selectors=[{"repository_pattern": "api|web", "max_tags": 0}])
    assert own.failures() == []
    assert {name for name, _, _ in own.tables()["tags"]} == {"acme/api", "acme/web"}
    assert gallery.asked("tags/list") == []
