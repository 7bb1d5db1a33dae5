"""Amazon ECR: its registry and its API (an AWS service of the protocol JSON 1.1), on one origin.

What is relied on:
- Basic with the user `AWS`, a token of 12 hours: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
- an expired token is refused with 403 `DENIED` and no challenge: https://github.com/flipt-io/flipt/issues/3043
- the operations, their pages of at most 1000, `nextToken`, `tagStatus`:
  https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html, …/API_DescribeImages.html,
  …/API_ImageDetail.html (an index's size is that of its largest image), …/API_GetAuthorizationToken.html
- the API's refusals: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html
- its signatures: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, checked
  with botocore's own
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from registry_assets_tests.flavours.corpus import Corpus, Manifest, Repository
from registry_assets_tests.flavours.fake import Account, Fake, Handler, Token

REGION = "us-west-2"
REGISTRY_ID = "123456789012"
PAGE = 1000
EXPIRED = "Your authorization token has expired. Reauthenticate and try again."
_CREDENTIAL = re.compile(
    r"Credential=([^/,]+)/\d+/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)"
)


class EcrFake(Fake):
    """`accounts` are identities: access key id and secret. `catalog` is the right to `ecr:DescribeRepositories`.

    `page` shortens the API's pages; `throttled` is how many requests it turns away; `session_expired` ends the
    identities' own credentials.
    """

    longest_page: ClassVar[int] = PAGE
    page_size: int = PAGE
    throttled: int = 0
    session_expired: bool = False

    def __init__(self, corpus: Corpus, *accounts: Account, expire_every: int = 0) -> None:
        super().__init__(corpus, *accounts, expire_every=expire_every)
        self.lifetime = timedelta(hours=12)

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "POST", "/", self.operation
        yield from (route for route in super().routes() if route[1] != "/token")

    def logged_path(self, request: web.Request) -> str:
        """The operation and its repository, for the API's requests all go to `/`."""
        return str(request.get("operation", super().logged_path(request)))

    # The API

    async def operation(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = json.loads(body)
        name = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        request["operation"] = "/".join(filter(None, (f"/api/{name}", asked.get("repositoryName"))))
        account = self.signed_by(request, body)
        if isinstance(account, web.Response):
            return account
        if self.throttled:
            self.throttled -= 1
            return refused("ThrottlingException", "Rate exceeded")
        if asked.get("registryId", REGISTRY_ID) != REGISTRY_ID or not 1 <= asked.get("maxResults", 100) <= PAGE:
            self.violate(request, f"another registry, or pages of another size: {asked}")
        handlers = {
            "DescribeRepositories": self.describe_repositories,
            "DescribeImages": self.describe_images,
            "GetAuthorizationToken": self.get_authorization_token,
        }
        if name not in handlers:
            self.violate(request, f"there is no operation {name}")
            return refused("UnknownOperationException", "")
        return handlers[name](account, asked)

    def signed_by(self, request: web.Request, body: bytes) -> Account | web.Response:
        found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        if found is None:
            return refused("MissingAuthenticationToken", "Missing Authentication Token", 403)
        account = self.accounts.get(found[1])
        if account is None:
            return refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        if signature(request, body, account, found[2], found[3], found[4]) != found[5]:
            text = "The request signature we calculated does not match the signature you provided."
            return refused("InvalidSignatureException", text)
        if self.session_expired:
            return refused("ExpiredTokenException", "The security token included in the request is expired")
        return account

    def describe_repositories(self, account: Account, asked: dict[str, Any]) -> web.Response:
        if not account.catalog:
            return denied(account, "DescribeRepositories", "*")
        found = [repository_entry(one) for _, one in sorted(self.corpus.repositories.items())]
        return self.api_page("repositories", found, asked)

    def describe_images(self, account: Account, asked: dict[str, Any]) -> web.Response:
        name = str(asked["repositoryName"])
        repository = self.corpus.repositories.get(name)
        if repository is None:
            text = f"The repository with name '{name}' does not exist in the registry with id '{REGISTRY_ID}'"
            return refused("RepositoryNotFoundException", text)
        if not self.may_read(account, repository):
            return denied(account, "DescribeImages", name)
        tagged = asked.get("filter", {}).get("tagStatus") == "TAGGED"
        found = [image for image in image_details(repository) if image.get("imageTags") or not tagged]
        return self.api_page("imageDetails", found, asked)

    def api_page(self, key: str, entries: list[dict[str, Any]], asked: dict[str, Any]) -> web.Response:
        start = int(asked.get("nextToken", "0"))
        end = start + min(asked.get("maxResults", 100), self.page_size)
        following = {"nextToken": str(end)} if end < len(entries) else {}
        return answer({key: entries[start:end], **following})

    def get_authorization_token(self, account: Account, _asked: dict[str, Any]) -> web.Response:
        token = base64.b64encode(f"AWS:{self.issue(account)}".encode()).decode()
        expires_at = (datetime.now(UTC) + self.lifetime).timestamp()
        data = {"authorizationToken": token, "expiresAt": expires_at, "proxyEndpoint": self.url}
        return answer({"authorizationData": [data]})

    # The registry

    def basic(self, request: web.Request) -> tuple[str, Token | None]:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            if scheme:
                self.violate(request, f"{scheme} credentials where only Basic is understood")
            return "", None
        username, _, text = base64.b64decode(value).decode().partition(":")
        return text, self._tokens.get(text) if username == "AWS" else None

    def refuse(self, request: web.Request, scope: str) -> web.Response | None:
        text, token = self.basic(request)
        if not text:
            challenge = f'Basic realm="{self.url}/",service="ecr.amazonaws.com"'
            return web.Response(status=401, text="Not Authorized", headers={"WWW-Authenticate": challenge})
        if token is None or token.account is None:
            return self.error(400, "DENIED", "Your Authorization Token is invalid.")
        if token.expired:
            return self.error(403, "DENIED", EXPIRED)
        self._authorized += 1
        if self.expire_every and self._authorized % self.expire_every == 0:
            self.expire()
        return self.without_right(token.account, scope)

    def expire(self) -> None:
        """Ends every token that was handed out."""
        self.expired += 1
        for issued in self._tokens.values():
            issued.expired = True

    def without_right(self, account: Account, scope: str) -> web.Response | None:
        kind, _, rest = scope.partition(":")
        if kind == "registry" and not account.catalog:
            return self.error(403, "DENIED", unauthorized(account, "DescribeRepositories", "*"))
        found = self.corpus.repositories.get(rest.rpartition(":")[0])
        if found and not self.may_read(account, found):
            return self.error(403, "DENIED", unauthorized(account, "BatchGetImage", found.name))
        return None


def chain(fake: Fake, account: Account) -> dict[str, str]:
    """What makes the AWS chain this account, asking the fake."""
    return {
        "AWS_ACCESS_KEY_ID": account.username,
        "AWS_SECRET_ACCESS_KEY": account.secret,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": fake.url,
    }


def signature(request: web.Request, body: bytes, account: Account, *scope: str) -> str:
    """The signature that the account's secret gives this request."""
    region, service, signed = scope
    signer = SigV4Auth(Credentials(account.username, account.secret), service, region)
    headers: Mapping[str, str] = {name: request.headers[name] for name in signed.split(";")}
    copy = AWSRequest("POST", f"http://{request.headers['Host']}/", headers=dict(headers), data=body)
    copy.context["timestamp"] = request.headers["X-Amz-Date"]
    return str(signer.signature(signer.string_to_sign(copy, signer.canonical_request(copy)), copy))


def repository_entry(repository: Repository) -> dict[str, Any]:
    return {
        "registryId": REGISTRY_ID,
        "repositoryName": repository.name,
        "repositoryArn": arn(repository.name),
        "repositoryUri": f"{REGISTRY_ID}.dkr.ecr.{REGION}.amazonaws.com/{repository.name}",
        "createdAt": repository.created_at.timestamp(),
        "imageTagMutability": "MUTABLE",
    }


def image_details(repository: Repository) -> Iterable[dict[str, Any]]:
    """One per manifest, in no order; the untagged images of an index among them."""
    for digest, manifest in sorted(repository.manifests.items()):
        tags = [name for name, tag in repository.tags.items() if tag.digest == digest]
        moments = [repository.tags[name].pushed_at for name in tags] or [repository.created_at]
        entry = {
            "registryId": REGISTRY_ID,
            "repositoryName": repository.name,
            "imageDigest": digest,
            "imagePushedAt": max(moments).timestamp(),
            "imageSizeInBytes": listed_size(manifest),
            "imageManifestMediaType": manifest.media_type,
            "lastRecordedPullTime": (max(moments) + timedelta(days=1)).timestamp(),
        }
        yield {**entry, "imageTags": tags} if tags else entry


def listed_size(manifest: Manifest) -> int:
    return max((child.size or 0 for child in manifest.children), default=manifest.size or 0)


def arn(name: str) -> str:
    return f"arn:aws:ecr:{REGION}:{REGISTRY_ID}:repository/{name}"


def unauthorized(account: Account, operation: str, name: str) -> str:
    user = f"arn:aws:iam::{REGISTRY_ID}:user/{account.username}"
    return (
        f"User: {user} is not authorized to perform: ecr:{operation} on resource: {arn(name)} "
        f"because no identity-based policy allows the ecr:{operation} action"
    )


def denied(account: Account, operation: str, name: str) -> web.Response:
    return refused("AccessDeniedException", unauthorized(account, operation, name))


def refused(code: str, text: str, status: int = 400) -> web.Response:
    return answer({"__type": code, "message": text}, status)


def answer(document: dict[str, Any], status: int = 200) -> web.Response:
    body = json.dumps(document).encode()
    return web.Response(body=body, status=status, content_type="application/x-amz-json-1.1")
