"""The registry types, each with its fake: adding a type to the suite is adding one `Case` here."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry_assets_tests.flavours.acr_fake import AcrFake
from registry_assets_tests.flavours.docker_hub_fake import DockerHubFake
from registry_assets_tests.flavours.ecr_fake import EcrFake, chain
from registry_assets_tests.flavours.fake import Account, Fake
from registry_assets_tests.flavours.gcr_fake import GcrFake
from registry_assets_tests.flavours.ghcr_fake import GhcrFake
from registry_assets_tests.flavours.gitlab_fake import READ_API, GitLabFake
from registry_assets_tests.flavours.harbor_fake import LIST, HarborFake
from registry_assets_tests.flavours.quay_fake import OAUTH_USER, READ, QuayFake

NAMESPACES = frozenset({"acme", "partner"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the one line about a failure must hold: in its message, and in its advice."""

    says: str
    advises: str


@dataclass(frozen=True, slots=True)
class Case:
    """One registry type.

    `account` has every right; `weak` may sign in but lacks the right to read `acme/chart`; `unlisted` lacks the right
    to list (null: nobody, that is no credentials); `puller` (null: nobody) may read what is named. `options` turns an account into options of the provider.
    `poll` is how many requests a poll without changes costs over the common corpus, of which `heads` ask for a digest.
    `environment` is what the credentials are, where they are the environment's and no options.
    `newest_pages` is how many pages of tags the newest 5 of the 132 tags of `acme/web` cost. `title` is the registry's display name, '' the provider's own.
    `wrong_type` is null where a plain registry is what the type is for. `product` names one that is told from others.
    """

    registry_type: str
    fake: Callable[..., Fake]
    account: Account
    weak: Account
    unlisted: Account | None
    options: Callable[[Account], dict[str, Any]]
    poll: int
    wrong_password: Answer
    missing_scope: Answer
    no_catalog: Answer
    wrong_type: Answer | None
    heads: int = 0
    newest_pages: int = 1
    title: str = ""
    public: bool = True
    product: str = ""
    puller: Account | None = None
    environment: Callable[[Fake, Account], Mapping[str, str]] | None = None

    def __str__(self) -> str:
        return self.product or self.registry_type

    def provider_options(self, fake: Fake, account: Account | None, **options: Any) -> dict[str, Any]:
        """The options under `config` of a provider that asks `fake` as `account`."""
        credentials = self.options(account) if account else {}
        if account and self.environment:
            # Every test begins and ends without any, see conftest.py.
            os.environ.update(self.environment(fake, account))
        return {"registry_type": self.registry_type, "api_url": fake.url, **credentials, **options}


def user_and_password(account: Account) -> dict[str, Any]:
    return {"username": account.username, "password": account.secret}


def user_and_token(account: Account) -> dict[str, Any]:
    return {"username": account.username, "token": account.secret}


def nothing(_account: Account) -> dict[str, Any]:
    return {}


def token_alone(account: Account) -> dict[str, Any]:
    return {"token": account.secret}


CASES = (
    Case(
        registry_type="private",
        fake=Fake,
        account=Account("reader", "reader-secret", namespaces=NAMESPACES),
        weak=Account("weak", "weak-secret"),
        unlisted=Account("unlisted", "unlisted-secret", namespaces=NAMESPACES, catalog=False),
        options=user_and_password,
        poll=1 + 2 + 4 + 4 + 137,
        heads=137,
        public=False,
        wrong_password=Answer(
            "the credentials were refused", "Verify the credentials are correct and have not expired"
        ),
        missing_scope=Answer("authentication required", "Give the credentials the right to read this"),
        no_catalog=Answer("does not list its repositories", "Name the repositories"),
        wrong_type=None,
    ),
    Case(
        registry_type="private",
        product="harbor",
        fake=HarborFake,
        account=Account("reader", "reader-secret", frozenset({LIST}), NAMESPACES),
        weak=Account("weak", "weak-secret", frozenset({LIST})),
        unlisted=Account("robot$pull", "unlisted-secret", namespaces=NAMESPACES, catalog=False),
        options=user_and_password,
        poll=1 + 1 + 2 + 4,
        public=False,
        wrong_password=Answer(
            "the credentials were refused", "Verify the credentials are correct and have not expired"
        ),
        missing_scope=Answer("unauthorized to access repository", "Give the credentials the right to read this"),
        no_catalog=Answer("does not list its repositories", "Name the repositories"),
        wrong_type=None,
    ),
    Case(
        registry_type="private",
        product="quay",
        fake=QuayFake,
        account=Account(OAUTH_USER, "quay-oauth", frozenset({READ}), NAMESPACES),
        weak=Account(OAUTH_USER, "weak-oauth", frozenset({READ})),
        unlisted=None,
        options=token_alone,
        poll=1 + 2 + 3 + 3,
        public=False,
        wrong_password=Answer(
            "the credentials were refused", "Verify the credentials are correct and have not expired"
        ),
        missing_scope=Answer("authentication required", "Give the credentials the right to read this"),
        no_catalog=Answer("does not list its repositories", "Name the repositories"),
        wrong_type=None,
    ),
    Case(
        registry_type="private",
        product="gitlab",
        fake=GitLabFake,
        account=Account("reader", "glpat-reader", frozenset({READ_API}), NAMESPACES),
        weak=Account("weak", "glpat-weak", frozenset({READ_API})),
        unlisted=Account("gitlab+deploy-token-1", "gldt-unlisted", namespaces=NAMESPACES),
        options=user_and_password,
        poll=1 + 1 + 2 + 4 + 4 + 137,
        heads=137,
        public=False,
        wrong_password=Answer("HTTP Basic: Access denied", "Verify the credentials are correct and have not expired"),
        missing_scope=Answer("authentication required", "Give the credentials the right to read this"),
        no_catalog=Answer("does not list its repositories", "Name the repositories"),
        wrong_type=None,
    ),
    Case(
        registry_type="docker-hub",
        title="Docker Hub",
        fake=DockerHubFake,
        account=Account("reader", "dckr_pat_reader", frozenset({"scope-repository-list"}), NAMESPACES),
        weak=Account("weak", "dckr_pat_weak"),
        unlisted=None,
        options=user_and_password,
        poll=1 + 2 + 5,
        wrong_password=Answer("incorrect authentication credentials", "an access token that has not expired"),
        missing_scope=Answer("object not found", "the credentials may read it"),
        no_catalog=Answer("does not list all its repositories", "Name a namespace in `namespace_pattern`"),
        wrong_type=Answer("does not answer Docker Hub's API", "a mirror or another registry is private"),
    ),
    Case(
        registry_type="ecr",
        title="Amazon ECR",
        fake=EcrFake,
        account=Account("AKIAREADER", "reader-secret", namespaces=NAMESPACES),
        weak=Account("AKIAWEAK", "weak-secret"),
        unlisted=Account("AKIAUNLISTED", "unlisted-secret", namespaces=NAMESPACES, catalog=False),
        puller=Account("AKIAPULLER", "puller-secret", namespaces=NAMESPACES, catalog=False),
        options=nothing,
        environment=chain,
        poll=1 + 4,
        public=False,
        wrong_password=Answer("the AWS credentials were refused", "Verify the AWS credentials"),
        missing_scope=Answer("not authorized to perform: ecr:DescribeImages", "Allow ecr:DescribeImages"),
        no_catalog=Answer("does not list its repositories", "Allow ecr:DescribeRepositories"),
        wrong_type=Answer("does not answer Amazon ECR's API", "a mirror or another registry is private"),
    ),
    Case(
        registry_type="gcr",
        title="Google Container Registry",
        fake=GcrFake,
        account=Account("oauth2accesstoken", "ya29.reader", namespaces=NAMESPACES),
        weak=Account("oauth2accesstoken", "ya29.weak"),
        unlisted=Account("oauth2accesstoken", "ya29.unlisted", namespaces=NAMESPACES, catalog=False),
        options=token_alone,
        poll=1 + 2 * 6,
        wrong_password=Answer("the credentials were refused", "`gcloud auth print-access-token`"),
        missing_scope=Answer("artifactregistry.repositories.downloadArtifacts", "roles/artifactregistry.reader"),
        no_catalog=Answer("lists no repositories to us", "Name a project in `namespace_pattern`"),
        wrong_type=Answer("does not answer Google's API", "a mirror or another registry is private"),
    ),
    Case(
        registry_type="acr",
        title="Azure Container Registry",
        fake=AcrFake,
        account=Account("puller", "pulls", namespaces=NAMESPACES),
        weak=Account("weak", "weak-pass"),
        unlisted=Account("unlisted", "unlisted-pass", namespaces=NAMESPACES, catalog=False),
        options=user_and_password,
        poll=2 + 2 + 4 * 3 + 1,
        wrong_password=Answer("the credentials were refused", "Verify"),
        missing_scope=Answer("authentication required", "the role AcrPull"),
        no_catalog=Answer("does not list its repositories", "Catalog Lister"),
        wrong_type=Answer("does not answer Azure Container Registry's API", "a mirror or another registry is private"),
    ),
    Case(
        registry_type="ghcr",
        title="GitHub Container Registry",
        fake=GhcrFake,
        account=Account("reader", "ghp_reader", frozenset({"read:packages", "read:org"}), NAMESPACES),
        weak=Account("weak", "ghp_weak"),
        unlisted=Account("fine", "github_pat_fine", frozenset({"read:packages"}), NAMESPACES),
        options=user_and_token,
        poll=2 + 4,
        wrong_password=Answer("Bad credentials", "classic personal access token"),
        missing_scope=Answer("denied", "read:packages"),
        no_catalog=Answer("Resource not accessible by personal access token", "not fine-grained"),
        wrong_type=Answer("does not answer GitHub's API", "a mirror or another registry is private"),
    ),
)
