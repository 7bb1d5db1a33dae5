"""Amazon ECR Public: anyone's repositories by the specification, the AWS chain's own by its API.

https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar

from registry_assets.errors import NotSupported
from registry_assets.oci.reference import is_repository_name
from registry_assets.providers.credentials import explicit_credentials
from registry_assets.providers.models import Provider
from registry_assets.registry.distribution import Distribution
from registry_assets.registry.flavours.aws import ENDPOINT_VARIABLES, Aws, has_boto3
from registry_assets.registry.flavours.ecr import Ecr, image_tags, moment, pages
from registry_assets.registry.listing import ListedRepository, ListedTag, Registry
from registry_assets.registry.transport import Limits

PUBLIC_HOST = "public.ecr.aws"
# The only region of this API, https://docs.aws.amazon.com/general/latest/gr/ecr-public.html
REGION = "us-east-1"


def open_ecr(provider: Provider, environment: Mapping[str, str]) -> Registry:
    """A private registry, or the public one: its host tells."""
    registry = EcrPublic if provider.config.api_url.rstrip("/").endswith(f"//{PUBLIC_HOST}") else Ecr
    return registry(provider, environment)


class EcrPublic(Distribution):
    """The public gallery. It has no catalog; with credentials of the AWS chain their own repositories are listed."""

    title: ClassVar[str] = "Amazon ECR Public"
    public: ClassVar[bool | None] = True

    def __init__(self, provider: Provider, environment: Mapping[str, str], limits: Limits | None = None) -> None:
        super().__init__(provider, environment, limits)
        amazon = self.client.base.host == PUBLIC_HOST or any(environment.get(name) for name in ENDPOINT_VARIABLES)
        self._asks_chain = amazon and has_boto3() and explicit_credentials(provider) is None
        self._aws: Aws | None = None
        self._opening = asyncio.Lock()
        self._own: dict[str, str] = {}

    async def _find_api(self) -> Aws | None:
        async with self._opening:
            if self._asks_chain:
                self._aws = await Aws.open("ecr-public", REGION, self.provider, self.traffic)
                self._asks_chain = False
        return self._aws

    async def list_catalog(self) -> AsyncIterator[Sequence[ListedRepository]]:
        """The chain's own repositories; everybody's are listed to nobody."""
        aws = await self._find_api()
        if aws is None:
            raise NotSupported("ECR Public has no catalog, and its API takes no requests without AWS credentials")
        async for answer in pages(aws, "DescribeRepositories"):
            listed = []
            for entry in answer.get("repositories", []):
                # `public.ecr.aws/alias/name`: the alias is no part of the API's own names.
                name = str(entry.get("repositoryUri", "")).partition("/")[2]
                if is_repository_name(name):
                    self._own[name] = str(entry["repositoryName"])
                    listed.append(ListedRepository(name, created_at=moment(entry.get("createdAt"))))
            yield listed

    async def list_tags(self, repository: str) -> AsyncIterator[Sequence[ListedTag]]:
        """`DescribeImages` of the chain's own; others' by the specification."""
        if self._aws is None or repository not in self._own:
            async for page in super().list_tags(repository):
                yield page
            return
        async for answer in pages(self._aws, "DescribeImages", repositoryName=self._own[repository]):
            yield [tag for image in answer.get("imageDetails", []) for tag in image_tags(image)]
