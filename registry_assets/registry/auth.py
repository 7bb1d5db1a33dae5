"""Authentication at one registry: Basic, Bearer tokens by exchange, and what is remembered of both.

https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/
"""

import asyncio
import base64
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from urllib.parse import quote, urlencode

import httpx
from pydantic import SecretStr

from registry_assets.errors import CredentialsRejected, NotAllowed, RegistryError, Untrusted
from registry_assets.providers.credentials import Credentials
from registry_assets.registry.answers import Response, refusal
from registry_assets.registry.challenge import Challenge, choose, parse_challenges
from registry_assets.registry.exchange import Request
from registry_assets.registry.origin import parse_url
from registry_assets.registry.transport import Transport
from registry_assets.registry.trust import Trust

CLIENT_ID = "registry-assets"
DEFAULT_LIFETIME = 60
TOKEN_LIMIT = 256 * 1024
# Token servers that do not take a refresh token by POST say so in various ways.
NO_POST = frozenset({400, 401, 404, 405, 501})
ANONYMOUS_ADVICE = "It takes credentials to read this: give `username` and `password`, or `token`."


Scheme = Literal["anonymous", "basic", "bearer", "identity"]


@dataclass(frozen=True, slots=True)
class Login:
    """How to authenticate: not at all, by user and password, by a ready Bearer token, or by an identity token."""

    scheme: Scheme = "anonymous"
    username: str = ""
    secret: SecretStr = field(default_factory=lambda: SecretStr(""))

    @classmethod
    def of(cls, credentials: Credentials) -> Self:
        """Credentials as their kind says: with a user Basic, a token alone as the Bearer token itself."""
        if credentials.secret is None:
            return cls()
        schemes: dict[str, Scheme] = {"password": "basic", "token": "bearer", "identity": "identity"}
        return cls(schemes[credentials.kind], credentials.username or "", credentials.secret)

    def basic(self) -> str:
        """The value of an `Authorization` header for Basic."""
        pair = f"{self.username}:{self.secret.get_secret_value()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Token:
    """A Bearer token as issued; `renew_at` is a monotonic time a little before its end."""

    text: SecretStr
    renew_at: float


TokenKey = tuple[str, str, str]


class Authenticator:
    """Gives the `Authorization` of each request to one registry, and answers its challenges.

    `asked_first` is the challenge of a request that was made without credentials, which tells the product.
    `accepted` says that the credentials are known to be right: a 401 then means a missing right.
    """

    def __init__(self, transport: Transport, trust: Trust, login: Login) -> None:
        self.login = login
        self.asked_first: Challenge | None = None
        self.accepted = False
        self._transport, self._trust = transport, trust
        self._asked: dict[str, Challenge] = {}
        self._tokens: dict[TokenKey, Token] = {}
        self._locks: defaultdict[TokenKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rejected: dict[str, CredentialsRejected] = {}

    async def prepare(self, scope: str) -> str | None:
        """The `Authorization` that a request with this scope will need, as far as earlier answers tell."""
        if self.login.scheme == "bearer":
            return f"Bearer {self.login.secret.get_secret_value()}"
        challenge = self._asked.get(_kind(scope))
        return await self._respond(challenge, scope) if challenge else None

    def asks_again(self, response: Response) -> bool:
        """Whether a refusal may pass with another `Authorization`."""
        return response.status == 401

    async def answer(self, response: Response, scope: str, used: str | None) -> str | None:
        """The `Authorization` that answers a 401, never the one just refused; None where there is none to give."""
        if self.login.scheme == "bearer":
            return None
        refused: Untrusted | None = None
        for challenge in choose(parse_challenges(response.headers.get_list("www-authenticate"))):
            try:
                authorization = await self._respond(challenge, challenge.scope or scope, used)
            except Untrusted as error:
                refused = error
                continue
            if authorization and authorization != used:
                self._remember(challenge, scope)
                return authorization
        if refused:
            raise refused
        return None

    def learn(self, response: Response) -> None:
        """Takes the challenge of a request made without credentials as what later ones will be asked for."""
        for challenge in choose(parse_challenges(response.headers.get_list("www-authenticate")))[:1]:
            self.asked_first = self.asked_first or challenge
            for kind in ("", "registry", "repository"):
                self._asked.setdefault(kind, challenge)

    def _remember(self, challenge: Challenge, scope: str) -> None:
        """Later requests of this kind bring along what was asked for, unless the scope cannot be told beforehand."""
        if challenge.scheme == "basic" or challenge.scope in ("", scope):
            self._asked[_kind(scope)] = challenge
        else:
            self._asked.pop(_kind(scope), None)

    async def _respond(self, challenge: Challenge, scope: str, used: str | None = None) -> str | None:
        if challenge.scheme == "basic":
            return self.login.basic() if self.login.scheme == "basic" else None
        realm = parse_url(challenge.realm, self._trust.registry)
        self._trust.check(realm)
        key = (str(realm), challenge.service, scope)
        async with self._locks[key]:
            token = self._tokens.get(key)
            if token is None or token.renew_at <= time.monotonic() or _bearer(token) == used:
                token = self._tokens[key] = await self._exchange(realm, challenge.service, scope)
        return _bearer(token)

    async def _exchange(self, realm: httpx.URL, service: str, scope: str) -> Token:
        rejected = self._rejected.get(realm.host)
        if rejected:
            raise type(rejected)(
                rejected.detail,
                method=rejected.method,
                url=rejected.url,
                status=rejected.status,
                advice=rejected.specific_advice,
            )
        response = await self._ask_for_token(realm, service, scope)
        if response.succeeded:
            return parse_token(response, time.monotonic())
        if response.status == 401 and self.login.scheme != "anonymous":
            raise self._reject(realm, response)
        raise self.explain(response)

    def _reject(self, realm: httpx.URL, response: Response) -> CredentialsRejected:
        """Remembered: asking again with the same wrong password may lock the account."""
        error = rejection(response, self.hide)
        self._rejected[realm.host] = error
        return error

    async def _ask_for_token(self, realm: httpx.URL, service: str, scope: str) -> Response:
        parameters = [("service", service)] if service else []
        parameters += [("scope", part) for part in scope.split()]
        if self.login.scheme == "identity":
            response = await self._post_identity(realm, parameters)
            if response.succeeded or response.status not in NO_POST:
                return response
        headers = httpx.Headers({"accept": "application/json"})
        if self.login.scheme != "anonymous":
            headers["authorization"] = self.login.basic()
        url = realm.copy_with(params=[*realm.params.multi_items(), *parameters])
        return await self._transport.send(Request("GET", url, headers, TOKEN_LIMIT))

    async def _post_identity(self, realm: httpx.URL, parameters: list[tuple[str, str]]) -> Response:
        form = [
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("refresh_token", self.login.secret.get_secret_value()),
            *parameters,
        ]
        headers = httpx.Headers({"content-type": "application/x-www-form-urlencoded", "accept": "application/json"})
        return await self._transport.send(Request("POST", realm, headers, TOKEN_LIMIT, urlencode(form).encode()))

    def explain(self, response: Response, used: str | None = None) -> RegistryError:
        """The error for an answer without success, in the light of what it was asked with."""
        own = not self.accepted and used is not None and (self.login.scheme == "bearer" or used == self.login.basic())
        if response.status == 401 and own:
            return rejection(response, self.hide)
        error = refusal(response, self.hide)
        if isinstance(error, NotAllowed) and self.login.scheme == "anonymous":
            error.specific_advice = ANONYMOUS_ADVICE
        return error

    def hide(self, text: str) -> str:
        """The text with every secret that is in use here blotted out."""
        secret = self.login.secret.get_secret_value()
        known = [secret, quote(secret, safe=""), self.login.basic().removeprefix("Basic ")] if secret else []
        known += [token.text.get_secret_value() for token in self._tokens.values()]
        for each in sorted(known, key=len, reverse=True):
            text = text.replace(each, "***")
        return text


def _kind(scope: str) -> str:
    return scope.partition(":")[0]


def _bearer(token: Token) -> str:
    return f"Bearer {token.text.get_secret_value()}"


def rejection(response: Response, hide: Callable[[str], str]) -> CredentialsRejected:
    """The error for credentials that were sent and refused."""
    error = refusal(response, hide)
    detail = f"the credentials were refused ({error.detail})"
    return CredentialsRejected(detail, method=error.method, url=error.url, status=response.status, code=error.code)


def parse_token(response: Response, now: float) -> Token:
    """The token that a token server gave. `BrokenAnswer` where there is none."""
    document = response.json()
    fields: dict[str, Any] = document if isinstance(document, dict) else {}
    text = fields.get("token") or fields.get("access_token")
    if not isinstance(text, str) or not text.isascii() or not text.isprintable() or " " in text:
        raise response.broken("the token server's answer holds no token")
    given = fields.get("expires_in")
    lifetime = given if isinstance(given, (int, float)) and given > 0 else DEFAULT_LIFETIME
    return Token(SecretStr(text), now + lifetime - min(30, lifetime * 0.2))
