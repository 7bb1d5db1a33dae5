"""Google Container Registry and Artifact Registry with their token server, and Google's OAuth server, on one origin.

What is relied on:
- users `oauth2accesstoken`, `_json_key`, `_json_key_base64` at the registry's token server:
  https://cloud.google.com/artifact-registry/docs/docker/authentication
- the answer of `tags/list` in one page, with `child` and `manifest`, numbers as strings, times of 0 and of year 1:
  https://pkg.go.dev/github.com/google/go-containerregistry/pkg/v1/google#Tags,
  https://github.com/google/go-containerregistry/issues/897
- Artifact Registry writes `timeUploadedMs` as a number: go-containerregistry's `pkg/v1/google/list.go`
- the catalog is empty for most accounts, and no refusal: https://github.com/deepfence/ThreatMapper/pull/1378,
  https://github.com/HarborGuard/HarborGuard/issues/151; it ignores `n` and `last`
- refusals: https://github.com/GoogleContainerTools/skaffold/issues/6743 (the token server answers 403 `DENIED`),
  https://github.com/argoproj/argo-cd/issues/26260 (the same without credentials)
- a service account's signed assertion for an access token:
  https://developers.google.com/identity/protocols/oauth2/service-account#httprest
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from registry_assets_tests.flavours.corpus import Corpus, Manifest, Repository
from registry_assets_tests.flavours.fake import Account, Fake, Handler, read_json

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Always this one, wherever the key file says that the token server is.
AUDIENCE = "https://oauth2.googleapis.com/token"
NO_TIME = "-62135596800000"


class GcrFake(Fake):
    """`accounts` are access tokens (user `oauth2accesstoken`) or service accounts, whose secret is a private key.

    `catalog` is the right to browse projects. `numbers` writes times as Artifact Registry does, `timeless` none.
    `walks_projects` is off where `tags/list` knows no projects, `extended` where it tells names alone. `access_tokens`
    counts those handed out, said to be good for `lifetime` seconds; the first is refused after `uses` (0: never).
    """

    service: ClassVar[str] = "gcr.io"
    numbers: bool = False
    walks_projects: bool = True
    timeless: bool = False
    extended: bool = True
    lifetime: int = 3600
    uses: int = 0

    def __init__(self, corpus: Corpus, *accounts: Account, expire_every: int = 0) -> None:
        super().__init__(corpus, *accounts, expire_every=expire_every)
        self.access_tokens = 0
        self._access: dict[str, Account] = {}
        self._used: Counter[str] = Counter()

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/v2/token", self.token
        yield "POST", "/oauth2/token", self.access_token
        yield from (route for route in super().routes() if route[1] != "/token")

    # Google's OAuth server

    async def access_token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if form.get("grant_type") != GRANT:
            self.violate(request, f"grant_type is {form.get('grant_type')!r}")
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        account = self.signed_by(request, str(form["assertion"]))
        if account is None:
            body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return web.json_response(body, status=400)
        self.access_tokens += 1
        token = f"ya29.{self.access_tokens}"
        self._access[token] = account
        return web.json_response({"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"})

    def signed_by(self, request: web.Request, assertion: str) -> Account | None:
        issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss", "")
        account = self.accounts.get(issuer)
        if account is None:
            return None
        try:
            key = serialization.load_pem_private_key(account.secret.encode(), None)
            assert isinstance(key, rsa.RSAPrivateKey)
            claims = jwt.decode(assertion, key.public_key(), algorithms=["RS256"], audience=AUDIENCE, leeway=10)
        except jwt.InvalidSignatureError:
            return None
        if claims.get("scope") != SCOPE:
            self.violate(request, f"scope is {claims.get('scope')!r}")
        return account

    # The registry's token server

    def account(self, username: str, secret: str) -> Account | None:
        if username == "oauth2accesstoken":
            self._used[secret] += 1
            if secret in self._access:
                ended = secret == next(iter(self._access)) and 0 < self.uses < self._used[secret]
                return None if ended else self._access[secret]
        if username.startswith("_json_key"):
            text = base64.b64decode(secret).decode() if username.endswith("_base64") else secret
            key = read_json(text.encode())
            username, secret = key.get("client_email", ""), key.get("private_key", "")
        return super().account(username, secret)

    def wrong_password(self) -> web.Response:
        return self.error(401, "UNAUTHORIZED", "failed authentication")

    async def token(self, request: web.Request) -> web.StreamResponse:
        account = self.login(request)
        if isinstance(account, web.Response):
            return account
        for scope in request.query.getall("scope", []):
            if not self.grants(account, scope):
                return self.error(403, "DENIED", denied(account, scope.split(":")[1]))
        return await super().token(request)

    def grants(self, account: Account | None, scope: str) -> bool:
        kind, _, rest = scope.partition(":")
        name = rest.rpartition(":")[0]
        if kind == "registry":
            return True
        return any(self.may_read(account, one) for one in self.at_or_below(name))

    def at_or_below(self, name: str) -> list[Repository]:
        found = [one for one in self.corpus.repositories.values() if f"{one.name}/".startswith(f"{name}/")]
        return found if self.walks_projects or "/" in name else []

    def challenge(self, scope: str, error: str = "") -> web.Response:
        response = super().challenge(scope, error)
        header = response.headers["WWW-Authenticate"]
        response.headers["WWW-Authenticate"] = header.replace(f"{self.url}/token", f"{self.url}/v2/token")
        return response

    # What is there

    async def catalog(self, request: web.Request) -> web.StreamResponse:
        """What the account may browse, in one page whatever is asked for."""
        refusal = self.refuse(request, "registry:catalog:*")
        token = self._tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        account = token.account if token else None
        names = sorted(self.corpus.repositories) if account and account.catalog else []
        return refusal or web.json_response({"repositories": names})

    async def tags(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        refusal = self.refuse(request, f"repository:{name}:pull")
        if refusal:
            return refusal
        if not self.extended:
            return await super().tags(request)
        below = {one.name[len(name) + 1 :].partition("/")[0] for one in self.at_or_below(name)} - {""}
        repository = self.corpus.repositories.get(name)
        if repository is None and not below:
            return self.error(404, "NAME_UNKNOWN", f"Failed to find repository {name}")
        manifests = self.manifest_entries(repository) if repository else {}
        tags = sorted(repository.tags) if repository else []
        return web.json_response({"child": sorted(below), "manifest": manifests, "name": name, "tags": tags})

    def manifest_entries(self, repository: Repository) -> dict[str, Any]:
        return {digest: self.manifest_entry(repository, one) for digest, one in sorted(repository.manifests.items())}

    def manifest_entry(self, repository: Repository, manifest: Manifest) -> dict[str, Any]:
        tags = [name for name, tag in repository.tags.items() if tag.digest == manifest.digest]
        moments = [repository.tags[name].pushed_at for name in tags] or [repository.created_at]
        uploaded = int(max(moments).timestamp() * 1000)
        return {
            "imageSizeBytes": str(manifest.size or 0),
            "layerId": "",
            "mediaType": manifest.media_type,
            "tag": tags,
            "timeCreatedMs": NO_TIME if self.timeless else "0",
            "timeUploadedMs": NO_TIME if self.timeless else uploaded if self.numbers else str(uploaded),
        }


def denied(account: Account | None, name: str) -> str:
    project, _, rest = name.partition("/")
    resource = f"projects/{project}/locations/us/repositories/{rest.partition('/')[0] or 'gcr.io'}"
    right = '"artifactregistry.repositories.downloadArtifacts"'
    if account is None:
        asked = f"Unauthenticated request. Unauthenticated requests do not have permission {right} on resource"
    else:
        asked = f"Permission {right} denied on resource"
    return f'{asked} "{resource}" (or it may not exist)'


@cache
def private_key(_of: str = "") -> str:
    """A private key as a key file has it; another one for each name."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, no_password).decode()


def key_document(fake: Fake, account: Account) -> str:
    """The text of the account's key file, https://cloud.google.com/iam/docs/keys-create-delete#creating."""
    document = {
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "1",
        "private_key": account.secret,
        "client_email": account.username,
        "client_id": "1",
        "token_uri": f"{fake.url}/oauth2/token",
    }
    return json.dumps(document, indent=2)


def key_file(fake: Fake, account: Account, folder: Path) -> str:
    """Where the account's key file is now."""
    found = folder / "key.json"
    found.write_text(key_document(fake, account))
    return str(found)
