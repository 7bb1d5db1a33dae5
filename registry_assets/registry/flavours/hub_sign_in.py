"""Signing in to Docker Hub's API."""

import base64
import binascii
import json
import time

import httpx
from pydantic import SecretStr

from registry_assets.errors import RegistryError
from registry_assets.registry.answers import Response
from registry_assets.registry.auth import Authenticator, Login, Token, parse_token
from registry_assets.registry.exchange import Request
from registry_assets.registry.flavours.wrong_host import is_api_refusal, wrong_host
from registry_assets.registry.transport import Transport
from registry_assets.registry.trust import Trust

SIGN_IN_ADVICE = "Verify the credentials: `username` is a Docker ID, `password` an access token that has not expired."


class HubAuthenticator(Authenticator):
    """Signs in to the Hub API with user and access token for a token of about ten minutes.

    https://docs.docker.com/reference/api/hub/latest/#tag/authentication-api/operation/AuthCreateAccessToken
    """

    def __init__(self, transport: Transport, base: httpx.URL, login: Login) -> None:
        super().__init__(transport, Trust(base), login)
        self._sign_in_url = base.join("/v2/auth/token")
        self._key = (str(self._sign_in_url), "", "")

    async def prepare(self, scope: str) -> str | None:  # noqa: ARG002 - one token for everything
        return await self._signed_in(None)

    async def answer(self, response: Response, scope: str, used: str | None) -> str | None:  # noqa: ARG002
        return await self._signed_in(used) if used else None

    async def _signed_in(self, used: str | None) -> str | None:
        if self.login.scheme == "anonymous":
            return None
        async with self._locks[self._key]:
            token = self._tokens.get(self._key)
            if token is None or token.renew_at <= time.monotonic() or bearer(token) == used:
                token = self._tokens[self._key] = await self._sign_in()
        return bearer(token)

    async def _sign_in(self) -> Token:
        rejected = self._rejected.get(self._sign_in_url.host)
        if rejected:
            raise rejected
        body = {"identifier": self.login.username, "secret": self.login.secret.get_secret_value()}
        headers = httpx.Headers({"content-type": "application/json", "accept": "application/json"})
        response = await self._transport.send(
            Request("POST", self._sign_in_url, headers, content=json.dumps(body).encode())
        )
        if response.succeeded:
            return with_own_lifetime(parse_token(response, time.monotonic()))
        if response.status == 401 and is_api_refusal(response):
            error = self._reject(self._sign_in_url, response)
            error.specific_advice = SIGN_IN_ADVICE
            raise error
        raise self.explain(response)

    def explain(self, response: Response, used: str | None = None) -> RegistryError:
        if response.status < 429 and not is_api_refusal(response):
            return wrong_host(response, "Docker Hub", "docker-hub")
        return super().explain(response, used)


def with_own_lifetime(token: Token) -> Token:
    """The token, to be renewed by what it says itself (`exp`, seconds since 1970), where it is a JWT that does."""
    try:
        _, claims, _ = token.text.get_secret_value().split(".")
        left = float(json.loads(base64.urlsafe_b64decode(f"{claims}==="))["exp"]) - time.time()
    except (ValueError, KeyError, TypeError, binascii.Error):
        return token
    return Token(SecretStr(token.text.get_secret_value()), time.monotonic() + left - min(30, abs(left) * 0.2))


def bearer(token: Token) -> str:
    """The value of an `Authorization` header with the token."""
    return f"Bearer {token.text.get_secret_value()}"
