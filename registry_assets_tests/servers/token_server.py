"""A token server whose JWTs docker-registry believes, https://distribution.github.io/distribution/spec/auth/token/."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

from registry_assets_tests.servers.certificates import Identity, make_authority
from registry_assets_tests.servers.docker_registry import PASSWORD, USERNAME, RunningRegistry, docker_registry

SERVICE = "test registry"
ISSUER = "test issuer"
# docker-registry accepts a token this long after its end.
LEEWAY = 60


@dataclass
class TokenServer:
    """What the server does, and what it was asked.

    `lifetime` is how many seconds the registry will accept a token, `claimed` what the answer says instead;
    `readable` are prefixes of the repositories that the user may read, all by default; `catalog` whether it may list
    them. With `anonymous`, a token without rights is given to who shows no password.
    """

    identity: Identity
    url: str = ""
    username: str = USERNAME
    password: str = PASSWORD
    identity_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    lifetime: float = 300
    claimed: float | None = None
    readable: tuple[str, ...] = ("",)
    catalog: bool = True
    anonymous: bool = False
    field_name: str = "token"
    takes_post: bool = True
    requests: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, method: str, query: dict[str, list[str]], authorization: str) -> tuple[int, dict[str, Any]]:
        """Status and document of one token request."""
        self.requests.append({"method": method, "authorization": authorization, **query})
        if method == "POST" and not self.takes_post:
            return 404, {"errors": [{"code": "UNSUPPORTED", "message": "no POST here"}]}
        user = self._user(query, authorization)
        if user is None and (authorization or method == "POST" or not self.anonymous):
            return 401, {"errors": [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]}
        scopes = [scope for text in query.get("scope", []) for scope in text.split()]
        access = [granted for scope in scopes if user and (granted := self._grant(scope))]
        claimed = self.lifetime if self.claimed is None else self.claimed
        return 200, {self.field_name: self.sign(user or "", query["service"][0], access), "expires_in": claimed}

    def _user(self, query: dict[str, list[str]], authorization: str) -> str | None:
        if query.get("refresh_token") == [self.identity_token]:
            return self.username
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        as_identity = base64.b64encode(f"{self.username}:{self.identity_token}".encode()).decode()
        return self.username if authorization in (f"Basic {pair}", f"Basic {as_identity}") else None

    def _grant(self, scope: str) -> dict[str, Any] | None:
        kind, name, actions = scope.split(":")
        allowed = name.startswith(self.readable) if kind == "repository" else self.catalog
        return {"type": kind, "name": name, "actions": actions.split(",")} if allowed else None

    def sign(self, user: str, service: str, access: list[dict[str, Any]]) -> str:
        """The JWT."""
        now = time.time()
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": service,
            "exp": int(now + self.lifetime - LEEWAY),
            "nbf": int(now - 10),
            "iat": int(now),
            "jti": secrets.token_hex(8),
            "access": access,
        }
        return jwt.encode(claims, self.identity.key, "ES256", headers={"x5c": [self.identity.x5c]})


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """A token server that listens on loopback."""
    settings = TokenServer(make_authority())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(parse_qs(urlsplit(self.path).query))

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            self._answer(parse_qs(self.rfile.read(length).decode()))

        def _answer(self, query: dict[str, list[str]]) -> None:
            status, document = settings.answer(self.command, query, self.headers.get("authorization", ""))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        settings.url = f"http://127.0.0.1:{server.server_port}/token"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield settings
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True, slots=True)
class TokenRegistry(RunningRegistry):
    """A registry that asks for tokens of `tokens`."""

    tokens: TokenServer = field(kw_only=True)


@contextmanager
def token_registry(folder: Path) -> Iterator[TokenRegistry]:
    """A docker-registry that believes a token server of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    with token_server() as tokens:
        certificate, _ = tokens.identity.write(folder, "tokens")
        token = {
            "realm": tokens.url,
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": str(certificate),
        }
        with docker_registry(folder, {"token": token}) as url:
            yield TokenRegistry(url, USERNAME, PASSWORD, tokens=tokens)
