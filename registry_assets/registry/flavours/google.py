"""Application Default Credentials: google-auth where it is installed and has any, its errors as this project's.

https://cloud.google.com/docs/authentication/application-default-credentials
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from registry_assets.errors import CredentialsRejected, DidNotAnswer, MissingExtra, RegistryError
from registry_assets.providers.models import Provider
from registry_assets.registry.answers import one_line
from registry_assets.registry.auth import Login
from registry_assets.registry.listing import Traffic
from registry_assets.registry.origin import authority, parse_url

KEY_FILE = "GOOGLE_APPLICATION_CREDENTIALS"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# Under this user name the registry's token server takes an access token for a password.
TOKEN_USER = "oauth2accesstoken"  # noqa: S105 - a user name
DOMAINS = (".gcr.io", ".pkg.dev")
MISSING = (
    "Application Default Credentials need google-auth: pip install 'registry-assets[gcp]', "
    "or give the provider a `token` (what `gcloud auth print-access-token` prints)"
)
CHAIN_ADVICE = (
    f"Verify the key file that {KEY_FILE} names, or sign in again with `gcloud auth application-default login`."
)


def has_google_auth() -> bool:
    """Whether google-auth is installed, with the package that it sends requests with."""
    try:
        return find_spec("google.auth") is not None and find_spec("requests") is not None
    except ModuleNotFoundError:
        return False


def missing_google_auth() -> MissingExtra:
    """The error for credentials that are there and cannot be used."""
    return MissingExtra(MISSING)


def may_be_asked_for(registry: httpx.URL, environment: Mapping[str, str]) -> bool:
    """Whether Google's credentials may go to this registry: one of Google's, or where their own token server is."""
    if f".{registry.host}".endswith(DOMAINS):
        return True
    return bool(environment.get(KEY_FILE)) and token_server(Path(environment[KEY_FILE])) == authority(registry)


def token_server(key_file: Path) -> str:
    """Host and port of the token server that a key file names, '' where it names none."""
    try:
        document = json.loads(key_file.read_bytes())
        return authority(parse_url(document["token_uri"]))
    except (OSError, ValueError, LookupError, TypeError, RegistryError):
        return ""


class GoogleCredentials:
    """Access tokens of Application Default Credentials, renewed in threads."""

    def __init__(self, credentials: Any, provider: Provider, traffic: Traffic) -> None:
        self._credentials, self._provider, self._traffic = credentials, provider, traffic
        self._renewing = asyncio.Lock()

    @classmethod
    async def open(cls, provider: Provider, traffic: Traffic) -> "GoogleCredentials | None":
        """The credentials; None where there are none. `CredentialsRejected` where they cannot be read."""
        credentials = await asyncio.to_thread(_find, provider.name)
        return cls(credentials, provider, traffic) if credentials else None

    async def login(self, refused: Login | None = None) -> Login:
        """How to sign in at the registry's token server, with another access token than the one refused."""
        async with self._renewing:
            used = refused.secret.get_secret_value() if refused else None
            if not self._credentials.valid or self._credentials.token == used:
                await self._renew()
            return Login("basic", TOKEN_USER, SecretStr(str(self._credentials.token)))

    async def _renew(self) -> None:
        sent: list[str] = []
        try:
            await asyncio.to_thread(self._credentials.refresh, _sender(sent, self._provider.config.timeout))
        except Exception as error:
            raise _failure(error, self._provider.name) from error
        finally:
            for _ in sent:
                self._traffic.count_request()


def _sender(sent: list[str], timeout: float) -> Callable[..., Any]:
    """What google-auth sends requests with: its own, kept to the provider's timeout; each is noted in `sent`."""
    from google.auth.transport.requests import Request

    request = Request()

    def send(url: str, *arguments: Any, **options: Any) -> Any:
        sent.append(url)
        return request(url, *arguments, **{**options, "timeout": timeout})

    return send


def _find(provider: str) -> Any:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

    try:
        return google.auth.default(scopes=[SCOPE])[0]
    except DefaultCredentialsError as error:
        if "default credentials were not found" in str(error):
            return None
        raise _failure(error, provider) from error
    except (GoogleAuthError, OSError, ValueError) as error:
        raise _failure(error, provider) from error


def _failure(error: Exception, provider: str) -> RegistryError:
    """What google-auth says, as the error that it stands for; what is none of its own goes on as it is."""
    from google.auth.exceptions import GoogleAuthError, TransportError

    if not isinstance(error, (GoogleAuthError, OSError, ValueError)):
        raise error
    detail = one_line(str(error.args[0] if error.args else error))
    if isinstance(error, TransportError) or getattr(error, "retryable", False):
        advice = "Check that Google's token server is reachable from here; the next crawl tries again by itself."
        return DidNotAnswer(f"Google's token server did not answer ({detail})", provider=provider, advice=advice)
    return CredentialsRejected(
        f"the Application Default Credentials were refused ({detail})", provider=provider, advice=CHAIN_ADVICE
    )
