"""Azure's default credential chain: azure-identity where it is installed and finds any, its errors as this project's.

https://learn.microsoft.com/python/api/overview/azure/identity-readme#defaultazurecredential
"""

import asyncio
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import httpx

from registry_assets.errors import CredentialsRejected, DidNotAnswer, MissingExtra, RegistryError
from registry_assets.providers.models import Provider
from registry_assets.registry.answers import one_line
from registry_assets.registry.listing import Traffic
from registry_assets.registry.origin import authority, parse_url

DOMAINS = (".azurecr.io", ".azurecr.cn", ".azurecr.us")
# Whom a token is for, by cloud: https://learn.microsoft.com/python/api/overview/azure/containerregistry-readme
AUDIENCES = {
    ".azurecr.cn": "https://management.chinacloudapi.cn",
    ".azurecr.us": "https://management.usgovcloudapi.net",
}
USUAL_AUDIENCE = "https://containerregistry.azure.net"
MANAGED_IDENTITY = "IDENTITY_ENDPOINT"
# Where one of these is set, somebody meant the chain to work.
CONFIGURED = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE", MANAGED_IDENTITY)
MISSING = (
    "Azure's default credential chain needs azure-identity: pip install 'registry-assets[azure]', "
    "or give the provider a `token` (what `az acr login --expose-token` prints)"
)
CHAIN_ADVICE = "Verify the AZURE_… variables or the managed identity, or sign in again with `az login`."


def has_azure_identity() -> bool:
    """Whether azure-identity is installed."""
    try:
        return find_spec("azure.identity") is not None
    except ModuleNotFoundError:
        return False


def missing_azure_identity() -> MissingExtra:
    """The error for credentials that are there and cannot be used."""
    return MissingExtra(MISSING)


def is_configured(environment: Mapping[str, str]) -> bool:
    """Whether the environment means the chain to have credentials."""
    return any(environment.get(name) for name in CONFIGURED)


def may_be_asked_for(registry: httpx.URL, environment: Mapping[str, str]) -> bool:
    """Whether Azure's tokens may go to this registry: one of Azure's, or where the machine's identity itself is."""
    if f".{registry.host}".endswith(DOMAINS):
        return True
    try:
        return authority(parse_url(environment.get(MANAGED_IDENTITY, ""))) == authority(registry)
    except RegistryError:
        return False


class AzureCredentials:
    """Access tokens of the chain, which keeps and renews them itself; asked in threads."""

    def __init__(self, credential: Any, registry: httpx.URL, provider: Provider, traffic: Traffic) -> None:
        self._credential, self._provider, self._traffic = credential, provider, traffic
        domain = next((domain for domain in AUDIENCES if registry.host.endswith(domain)), "")
        self._scope = f"{AUDIENCES.get(domain, USUAL_AUDIENCE)}/.default"

    @classmethod
    async def open(
        cls, registry: httpx.URL, provider: Provider, traffic: Traffic, *, configured: bool
    ) -> "AzureCredentials | None":
        """The credentials; None where there are none. `CredentialsRejected` where what is `configured` fails."""
        from azure.identity import DefaultAzureCredential

        credentials = cls(DefaultAzureCredential(), registry, provider, traffic)
        try:
            await credentials.token()
        except CredentialsRejected:
            if configured:
                raise
            return None
        return credentials

    async def token(self) -> str:
        """An access token that is good now."""
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        self._traffic.count_request()
        try:
            return str((await asyncio.to_thread(self._credential.get_token, self._scope)).token)
        except ClientAuthenticationError as error:
            detail = one_line(str(error.message or error))[:300]
            raise CredentialsRejected(
                f"Azure's credential chain gives no token ({detail})", provider=self._provider.name, advice=CHAIN_ADVICE
            ) from error
        except (AzureError, ValueError) as error:
            detail = one_line(str(error))[:300]
            raise DidNotAnswer(f"Azure did not answer ({detail})", provider=self._provider.name) from error
