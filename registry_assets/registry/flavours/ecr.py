"""Amazon ECR: repositories and images from its API where the AWS chain has credentials, else by the specification.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/ and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import SecretStr

from registry_assets.errors import BrokenAnswer, CredentialsRejected, RegistryError
from registry_assets.oci.digest import is_digest
from registry_assets.oci.reference import is_repository_name, is_tag
from registry_assets.providers.credentials import explicit_credentials
from registry_assets.providers.models import Provider
from registry_assets.registry.answers import Response, refusal
from registry_assets.registry.auth import Authenticator, Login
from registry_assets.registry.challenge import choose, parse_challenges
from registry_assets.registry.client import Client
from registry_assets.registry.distribution import Distribution
from registry_assets.registry.flavours.aws import ENDPOINT_VARIABLES, Aws, has_boto3, missing_boto3
from registry_assets.registry.flavours.documents import number
from registry_assets.registry.flavours.wrong_host import wrong_host
from registry_assets.registry.listing import ListedRepository, ListedTag
from registry_assets.registry.transport import Limits, Transport
from registry_assets.registry.trust import Trust

HOST = re.compile(
    r"(?P<account>\d+)\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(amazonaws\.com(\.cn)?|on\.(aws|amazonwebservices\.com\.cn))"
)
PAGE = 1000
MOST_PAGES = 10_000
TOKEN_ADVICE = (
    "Get a new token with `aws ecr get-login-password`: it is good for 12 hours; or leave it out, "  # noqa: S105
    "so that the AWS chain's own credentials renew it."
)


class Ecr(Distribution):
    """A private registry of ECR. Given credentials win over the AWS chain, that over Docker's configuration."""

    title: ClassVar[str] = "Amazon ECR"
    public: ClassVar[bool | None] = False

    def __init__(self, provider: Provider, environment: Mapping[str, str], limits: Limits | None = None) -> None:
        super().__init__(provider, environment, limits)
        host = HOST.fullmatch(self.client.base.host)
        self._account: str | None = host["account"] if host else None
        self._region: str | None = host["region"] if host else None
        login = self.client.authenticator.login
        # Another host's content is no matter of the chain, unless the chain's own endpoint is elsewhere too.
        amazon = bool(host) or any(environment.get(name) for name in ENDPOINT_VARIABLES)
        self._asks_chain = amazon and explicit_credentials(provider) is None
        if self._asks_chain and not has_boto3():
            self._asks_chain = False
            if login.scheme == "anonymous":
                raise missing_boto3()
        self._opening = asyncio.Lock()
        self._authenticator = EcrAuthenticator(self.transport, Trust(self.client.base), login)
        self.client = Client(provider.name, self.transport, self.client.base, self._authenticator)

    async def _find_api(self) -> Aws | None:
        """The AWS API where the chain has credentials, looked for once."""
        async with self._opening:
            if self._asks_chain:
                aws = await Aws.open("ecr", self._region, self.provider, self.traffic)
                self._authenticator.aws, self._asks_chain = aws, False
        return self._authenticator.aws

    async def list_catalog(self) -> AsyncIterator[Sequence[ListedRepository]]:
        """`DescribeRepositories`; by the specification where there is only a token."""
        aws = await self._find_api()
        if aws is None:
            async for page in super().list_catalog():
                yield page
            return
        async for answer in pages(aws, "DescribeRepositories", **self._registry()):
            listed = [listed_repository(entry) for entry in answer.get("repositories", [])]
            self.skipped.extend(one.repository for one in listed if not is_repository_name(one.repository))
            yield [one for one in listed if is_repository_name(one.repository)]

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """`DescribeImages`, with all it knows of each; by the specification where there is only a token."""
        aws = await self._find_api()
        if aws is None:
            async for page in super().list_tags(repository):
                yield page
            return
        asked = {"repositoryName": repository, "filter": {"tagStatus": "TAGGED"}, **self._registry()}
        async for answer in pages(aws, "DescribeImages", **asked):
            yield [tag for image in answer.get("imageDetails", []) for tag in image_tags(image)]

    async def _ask_manifest(self, method: str, repository: str, reference: str) -> Response:
        await self._find_api()
        return await super()._ask_manifest(method, repository, reference)

    def _registry(self) -> dict[str, str]:
        return {"registryId": self._account} if self._account else {}


class EcrAuthenticator(Authenticator):
    """Basic, always: ECR exchanges no tokens. With the chain, `aws` gives the password, fresh when it has expired."""

    def __init__(self, transport: Transport, trust: Trust, login: Login) -> None:
        super().__init__(transport, trust, login)
        self.aws: Aws | None = None
        self._renew_at = 0.0
        self._renewing = asyncio.Lock()

    async def prepare(self, scope: str) -> str | None:  # noqa: ARG002 - one password for everything
        if self.aws:
            await self._renew(self.aws, None)
        return self.login.basic() if self.login.scheme == "basic" else None

    def asks_again(self, response: Response) -> bool:
        """ECR refuses an expired token with 403 and no challenge."""
        return super().asks_again(response) or (self.aws is not None and is_expired(response))

    async def answer(self, response: Response, scope: str, used: str | None) -> str | None:  # noqa: ARG002
        challenges = choose(parse_challenges(response.headers.get_list("www-authenticate")))
        if challenges and all(challenge.scheme != "basic" for challenge in challenges):
            raise wrong_host(response, "Amazon ECR", "ecr")
        if self.aws is None:
            return None
        await self._renew(self.aws, used)
        return self.login.basic()

    async def _renew(self, aws: Aws, refused: str | None) -> None:
        async with self._renewing:
            if time.monotonic() < self._renew_at and self.login.basic() != refused:
                return
            self.login, lifetime = await fetch_password(aws)
            self._renew_at = time.monotonic() + lifetime - min(300, lifetime * 0.2)

    def explain(self, response: Response, used: str | None = None) -> RegistryError:
        error = super().explain(response, used)
        if is_expired(response) or (isinstance(error, CredentialsRejected) and self.aws is None):
            return CredentialsRejected(
                error.detail,
                method=error.method,
                url=error.url,
                status=error.status,
                code=error.code,
                advice=TOKEN_ADVICE,
            )
        return error


async def fetch_password(aws: Aws) -> tuple[Login, float]:
    """The chain's password for the registry, and for how many seconds it is good.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    answer = await aws.ask("GetAuthorizationToken")
    try:
        data = answer["authorizationData"][0]
        username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        return Login("basic", username, SecretStr(password)), data["expiresAt"].timestamp() - time.time()
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise BrokenAnswer("GetAuthorizationToken gave no token") from error


def is_expired(response: Response) -> bool:
    """Whether a refusal is about the token itself: `Your authorization token has expired. Reauthenticate …`."""
    return response.status in (400, 401, 403) and "authorization token" in refusal(response).detail.lower()


async def pages(aws: Aws, operation: str, **parameters: Any) -> AsyncIterator[dict[str, Any]]:
    """Each page of an operation's answer, as long as pages may be."""
    token: dict[str, str] = {}
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        answer = await aws.ask(operation, maxResults=PAGE, **parameters, **token)
        yield answer
        following = answer.get("nextToken")
        if not following:
            return
        if following in seen:
            break
        seen.add(following)
        token = {"nextToken": following}
    raise BrokenAnswer(f"the pages of {operation} do not end")


def listed_repository(entry: dict[str, Any]) -> ListedRepository:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html"""
    return ListedRepository(str(entry.get("repositoryName", "")), created_at=moment(entry.get("createdAt")))


def image_tags(image: dict[str, Any]) -> Iterator[ListedTag]:
    """The tags of one image, https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html.

    The time is that of the image's push; an index's size that of its largest image.
    """
    digest = str(image.get("imageDigest", ""))
    for tag in image.get("imageTags") or () if is_digest(digest) else ():
        if is_tag(str(tag)):
            yield ListedTag(
                tag=str(tag),
                digest=digest,
                media_type=image.get("imageManifestMediaType"),
                pushed_at=moment(image.get("imagePushedAt")),
                last_pulled_at=moment(image.get("lastRecordedPullTime")),
                size=number(image.get("imageSizeInBytes")),
            )


def moment(value: object) -> datetime | None:
    """A time as boto3 gives it; none before 1970 ends."""
    return value if isinstance(value, datetime) and value.timestamp() > 0 else None
