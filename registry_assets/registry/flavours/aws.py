"""Amazon's own API: boto3 where it is installed and the AWS chain has credentials, its errors as this project's.

https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

import asyncio
from importlib.util import find_spec
from typing import Any

from registry_assets.errors import (
    BrokenAnswer,
    CredentialsRejected,
    DidNotAnswer,
    MissingExtra,
    NotAllowed,
    NothingThere,
    NotSupported,
    RateLimited,
    RegistryError,
)
from registry_assets.providers.models import Provider
from registry_assets.registry.answers import one_line
from registry_assets.registry.listing import Traffic

ATTEMPTS = 4
# Where the chain names no region and the host tells none.
USUAL_REGION = "us-east-1"
CHAIN_ADVICE = "Verify the AWS credentials: run `aws sts get-caller-identity`, and sign in again if they have expired."
ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_ECR_PUBLIC")
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html and each operation's own errors.
BY_CODE: dict[str, type[RegistryError]] = {
    "AccessDenied": NotAllowed,
    "AccessDeniedException": NotAllowed,
    "UnauthorizedException": NotAllowed,
    "ExpiredToken": CredentialsRejected,
    "ExpiredTokenException": CredentialsRejected,
    "IncompleteSignature": CredentialsRejected,
    "InvalidClientTokenId": CredentialsRejected,
    "InvalidSignatureException": CredentialsRejected,
    "MissingAuthenticationToken": CredentialsRejected,
    "OptInRequired": NotAllowed,
    "RegistryNotFoundException": NothingThere,
    "RepositoryNotFoundException": NothingThere,
    "RequestExpired": CredentialsRejected,
    "RequestLimitExceeded": RateLimited,
    "SignatureDoesNotMatch": CredentialsRejected,
    "ThrottlingException": RateLimited,
    "TooManyRequestsException": RateLimited,
    "UnrecognizedClientException": CredentialsRejected,
}


def has_boto3() -> bool:
    """Whether boto3 is installed."""
    return find_spec("boto3") is not None


def missing_boto3() -> MissingExtra:
    """The error for a registry that takes the AWS chain, where that cannot be asked."""
    return MissingExtra(
        "the AWS credential chain needs boto3: pip install 'registry-assets[aws]', "
        "or give the provider a `token` (what `aws ecr get-login-password` prints)"
    )


class Aws:
    """One AWS service, asked in threads. Each attempt counts as a request of the crawl."""

    def __init__(self, client: Any, provider: str, traffic: Traffic) -> None:
        self._client, self._provider, self._traffic = client, provider, traffic

    @classmethod
    async def open(cls, service: str, region: str | None, provider: Provider, traffic: Traffic) -> "Aws | None":
        """The service as the chain's identity; None where the chain has no credentials."""
        client = await asyncio.to_thread(_open_client, service, region, provider)
        return cls(client, provider.name, traffic) if client else None

    async def ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer of one operation, named as the API names it (`DescribeImages`)."""
        from botocore.exceptions import BotoCoreError, ClientError

        metadata: dict[str, Any] = {}
        try:
            answer: dict[str, Any] = await asyncio.to_thread(_call, self._client, operation, parameters)
            metadata = answer["ResponseMetadata"]
        except ClientError as error:
            metadata = dict(error.response.get("ResponseMetadata", {}))
            raise self._refusal(operation, dict(error.response.get("Error", {})), metadata) from error
        except BotoCoreError as error:
            raise _failure(error, self._provider) from error
        finally:
            for _ in range(1 + metadata.get("RetryAttempts", 0)):
                self._traffic.count_request()
            self._traffic.count_bytes(int(metadata.get("HTTPHeaders", {}).get("content-length", 0)))
        return answer

    def _refusal(self, operation: str, told: dict[str, Any], metadata: dict[str, Any]) -> RegistryError:
        code, status = str(told.get("Code", "")), metadata.get("HTTPStatusCode")
        right = f"{self._client.meta.service_model.signing_name}:{operation}"
        detail, advice = f"{right}: {one_line(str(told.get('Message') or code))}", None
        kind = BY_CODE.get(code)
        if kind is None and status in (404, 405):
            kind, detail = NotSupported, "this host does not answer Amazon ECR's API"
            advice = "registry_type ecr is for Amazon ECR itself; a mirror or another registry is private."
        elif kind is None:
            kind = DidNotAnswer if status and status >= 500 else BrokenAnswer
        elif kind is NotAllowed:
            advice = f"Allow {right} to this identity (AmazonEC2ContainerRegistryReadOnly has it)."
        elif kind is CredentialsRejected:
            detail, advice = f"the AWS credentials were refused ({detail})", CHAIN_ADVICE
        url = self._client.meta.endpoint_url
        return kind(
            detail, provider=self._provider, method="POST", url=url, status=status, code=code[:64], advice=advice
        )


def _open_client(service: str, region: str | None, provider: Provider) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = provider.config
    try:
        session: Any = boto3.Session()
        if session.get_credentials() is None:
            return None
        return session.client(
            service,
            region_name=region or session.region_name or USUAL_REGION,
            verify=None if config.verify_tls else False,
            config=Config(
                connect_timeout=config.timeout,
                read_timeout=config.timeout,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            ),
        )
    except BotoCoreError as error:
        raise _failure(error, provider.name) from error


def _call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    from botocore import xform_name

    return getattr(client, xform_name(operation))(**parameters)


def _failure(error: Exception, provider: str) -> RegistryError:
    """What boto3 says without an answer of the API: no connection, or a chain that does not hold."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError

    detail = one_line(str(error))
    if isinstance(error, (NoConnection, HTTPClientError)):
        return DidNotAnswer(f"AWS did not answer ({detail})", provider=provider)
    return CredentialsRejected(f"the AWS chain gives no credentials ({detail})", provider=provider, advice=CHAIN_ADVICE)
