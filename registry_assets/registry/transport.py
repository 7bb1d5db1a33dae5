"""The only place that builds an HTTP client: retries, pace, redirects, and what it all cost."""

import asyncio
import random
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from registry_assets.errors import ConfigurationError, DidNotAnswer
from registry_assets.registry.answers import Response
from registry_assets.registry.exchange import Request, failure, read_body, redirected, told_apart
from registry_assets.registry.listing import Traffic
from registry_assets.registry.origin import origin, parse_url
from registry_assets.registry.pace import Pace, told_wait
from registry_assets.registry.proxy import find_proxy, parse_proxy

USER_AGENT = "registry-assets (inventory of container registries)"
RETRIED = frozenset({408, 429, 500, 502, 503, 504})
PRESSED = frozenset({429, 503})
IDEMPOTENT = frozenset({"GET", "HEAD"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_HEADER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a transport is; times in seconds.

    `timeout` is the longest silence; a whole answer may take `deadline` times that. `longest_wait` is the longest
    single wait that a registry may ask for, `patience` the longest in all without one request succeeding.
    """

    timeout: float = 30
    concurrency: int = 16
    attempts: int = 4
    backoff: float = 0.5
    longest_backoff: float = 20
    longest_wait: float = 120
    patience: float = 300
    deadline: float = 4
    redirects: int = 5
    failures: int = 5


def trust_store(ca_bundle: Path | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """The certificates to trust: the usual public ones, the machine's own, and `ca_bundle`'s besides."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    if ca_bundle:
        try:
            context.load_verify_locations(ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"ca_bundle: {ca_bundle} cannot be read as PEM certificates: {error}") from error
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Transport:
    """Sends requests to the hosts of one provider. Gives any answer; raises where there is none, or none to trust."""

    def __init__(self, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.limits = limits or Limits()
        self.traffic = Traffic()
        self._tls = tls or trust_store()
        self._paces: dict[tuple[str, str, int], Pace] = {}
        # Not httpx.AsyncClient: it logs every URL with its query, where a redirect may carry a signature.
        self._wires: dict[str | None, AiohttpTransport] = {}

    def _open_session(self) -> aiohttp.ClientSession:
        # The pace bounds the connections to a host; a long token in a Link needs longer header lines than the usual.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=LONGEST_HEADER,
            max_field_size=LONGEST_HEADER,
        )

    def _wire(self, url: httpx.URL) -> AiohttpTransport:
        proxy = find_proxy(url)
        if proxy not in self._wires:
            parsed = parse_proxy(proxy) if proxy else None
            self._wires[proxy] = AiohttpTransport(verify=self._tls, client=self._open_session, proxy=parsed)
        return self._wires[proxy]

    async def close(self) -> None:
        """Closes all connections."""
        for wire in self._wires.values():
            await wire.aclose()

    def pace(self, url: httpx.URL) -> Pace:
        """The pace of the host of `url`."""
        return self._paces.setdefault(origin(url), Pace(self.limits.concurrency, self.limits.patience))

    async def send(self, request: Request) -> Response:
        """The answer, after redirects; credentials stay with the origin that they were meant for."""
        for _ in range(self.limits.redirects + 1):
            response = await self._send_patiently(request)
            target = response.headers.get("location", "")
            if response.status not in REDIRECTS or not target or request.method not in IDEMPOTENT:
                return response
            request = redirected(request, parse_url(target, request.url))
        raise response.broken(f"more than {self.limits.redirects} redirects")

    async def _send_patiently(self, request: Request) -> Response:
        """The first answer that is worth no further attempt, else the last."""
        pace = self.pace(request.url)
        attempts = self.limits.attempts if pace.failures < self.limits.failures else 1
        for attempt in range(1, attempts + 1):
            outcome = await self._attempt(pace, request)
            if isinstance(outcome, Response) and outcome.status not in RETRIED:
                pace.recover()
                return outcome
            if attempt == attempts or not await self._wait(pace, request, outcome, attempt):
                break
        pace.failures += 1
        if isinstance(outcome, Response):
            return outcome
        raise outcome

    async def _attempt(self, pace: Pace, request: Request) -> Response | DidNotAnswer:
        async with pace.slot() as started:
            try:
                response = await self._send_once(request)
            except DidNotAnswer as error:
                return error
            if response.status in PRESSED:
                pace.slow_down(started)
            return response

    async def _wait(self, pace: Pace, request: Request, outcome: Response | DidNotAnswer, attempt: int) -> bool:
        """Waits before the next attempt; False where there must be none."""
        pressed = isinstance(outcome, Response) and outcome.status in PRESSED
        if not pressed and request.method not in IDEMPOTENT:
            return False
        jitter = random.uniform(0.5, 1)  # noqa: S311
        delay = min(self.limits.longest_backoff, self.limits.backoff * 2**attempt) * jitter
        if not (pressed and isinstance(outcome, Response)):
            await asyncio.sleep(delay)
            return True
        told = told_wait(outcome.headers, time.time())
        if told is not None and told > self.limits.longest_wait:
            return False
        return pace.pause(delay if told is None else told + self.limits.backoff * jitter)

    async def _send_once(self, request: Request) -> Response:
        self.traffic.count_request()
        longest = self.limits.timeout * self.limits.deadline
        with told_apart(request, self.limits.timeout):
            try:
                async with asyncio.timeout(longest):
                    return await self._exchange(request)
            except TimeoutError as error:
                raise failure(DidNotAnswer, request, f"the answer was not complete after {longest:g} s") from error

    async def _exchange(self, request: Request) -> Response:
        wire = self._wire(request.url)
        headers = {"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": "gzip", **request.headers}
        if wire.proxy and request.url.scheme == "http":
            # Over a kept connection aiohttp tells the proxy who asks only once.
            headers.update(wire.proxy.headers)
        timeout = httpx.Timeout(self.limits.timeout).as_dict()
        answer = await wire.handle_async_request(
            httpx.Request(
                request.method,
                request.url,
                headers=headers,
                content=request.content,
                extensions={"timeout": timeout},
            )
        )
        try:
            body = await read_body(answer, request)
        finally:
            self.traffic.count_bytes(answer.num_bytes_downloaded)
            await answer.aclose()
        return Response(request.method, request.url, answer.status_code, answer.headers, body)
