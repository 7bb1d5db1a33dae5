"""How Azure Container Registry is signed in to: its own tokens, in exchange for a password or a Microsoft Entra token.

https://azure.github.io/acr/AAD-OAuth.html
"""

from urllib.parse import urlencode

import httpx
from pydantic import SecretStr

from registry_assets.errors import CredentialsRejected, NotAllowed, RegistryError
from registry_assets.registry.answers import Response, refusal
from registry_assets.registry.auth import TOKEN_LIMIT, Authenticator, Login
from registry_assets.registry.challenge import choose, parse_challenges
from registry_assets.registry.exchange import Request
from registry_assets.registry.flavours.azure import AzureCredentials
from registry_assets.registry.flavours.wrong_host import wrong_host
from registry_assets.registry.origin import parse_url

REALM = "/oauth2/token"
EXCHANGE = "/oauth2/exchange"
# Under this user name the registry takes its own refresh tokens for a password.
TOKEN_USER = "00000000-0000-0000-0000-000000000000"  # noqa: S105 - a user name
FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
ROLE_ADVICE = (
    "Give this identity the role AcrPull on the registry (with repository permissions: Container Registry Repository "
    "Reader, and … Catalog Lister to list); a repository-scoped token needs `content/read` and `metadata/read`."
)


class AcrAuthenticator(Authenticator):
    """Bearer tokens of the registry's own token server; with `azure`, for a refresh token that its tokens buy."""

    azure: AzureCredentials | None = None

    def learn(self, response: Response) -> None:
        """Takes the challenge of a request made without credentials. One that is not Azure's gets none later."""
        self._check(response)
        super().learn(response)

    async def answer(self, response: Response, scope: str, used: str | None) -> str | None:
        """As any Bearer challenge. One that is not Azure's gets no credentials."""
        self._check(response)
        return await super().answer(response, scope, used)

    def _check(self, response: Response) -> None:
        challenges = choose(parse_challenges(response.headers.get_list("www-authenticate")))
        if challenges and not any(REALM in challenge.realm for challenge in challenges):
            raise wrong_host(response, "Azure Container Registry", "acr")

    async def is_public(self) -> bool:
        """Whether the token server gives a token to nobody: anonymous pull is switched on."""
        if self.asked_first is None:
            return False
        realm = parse_url(self.asked_first.realm, self._trust.registry)
        self._trust.check(realm)
        query = {"service": self.asked_first.service, "scope": "registry:catalog:*"}
        request = Request("GET", realm.copy_merge_params(query), httpx.Headers(FORM), TOKEN_LIMIT)
        return (await self._transport.send(request)).succeeded

    async def _ask_for_token(self, realm: httpx.URL, service: str, scope: str) -> Response:
        if self.azure:
            await self._sign_in(self.azure, service, None)
        used = self.login
        response = await super()._ask_for_token(realm, service, scope)
        if response.status in (400, 401) and self.azure:
            await self._sign_in(self.azure, service, used)
            response = await super()._ask_for_token(realm, service, scope)
        return response

    async def _sign_in(self, azure: AzureCredentials, service: str, refused: Login | None) -> None:
        """Another refresh token than the one refused; the first, where there is none yet."""
        async with self._locks[("", EXCHANGE, service)]:
            if self.login.scheme == "identity" and self.login is not refused:
                return
            self.login = await self._exchange_token(await azure.token(), service)

    async def _exchange_token(self, access_token: str, service: str) -> Login:
        url = self._trust.registry.copy_with(raw_path=EXCHANGE.encode())
        form = {"grant_type": "access_token", "service": service, "access_token": access_token}
        response = await self._transport.send(
            Request("POST", url, httpx.Headers(FORM), TOKEN_LIMIT, urlencode(form).encode())
        )
        if not response.succeeded:
            error = refusal(response, lambda text: text.replace(access_token, "***"))
            if response.status not in (400, 401, 403):
                raise error
            detail = f"the registry refuses this Azure identity ({error.detail})"
            raise CredentialsRejected(detail, method="POST", url=error.url, status=response.status, advice=ROLE_ADVICE)
        document = response.json()
        token = document.get("refresh_token") if isinstance(document, dict) else None
        if not isinstance(token, str) or not token:
            raise response.broken("the answer holds no `refresh_token`")
        return Login("identity", TOKEN_USER, SecretStr(token))

    def explain(self, response: Response, used: str | None = None) -> RegistryError:
        """The error for an answer without success; a missing right names the role that has it."""
        error = super().explain(response, used)
        if isinstance(error, NotAllowed) and self.login.scheme != "anonymous":
            error.specific_advice = ROLE_ADVICE
        return error
