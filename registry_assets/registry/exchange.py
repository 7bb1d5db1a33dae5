"""The rules of one exchange: how much of an answer is read, where a redirect may lead, what each failure means."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import aiohttp
import httpx

from registry_assets.errors import BrokenAnswer, DidNotAnswer, RegistryError, TooLarge, Untrusted
from registry_assets.registry.answers import one_line
from registry_assets.registry.origin import authority, leads_inward, origin, shown

ERROR_LIMIT = 64 * 1024
JSON_LIMIT = 32 * 1024 * 1024
# What belongs to the origin that a request was made for.
PRIVATE_HEADERS = ("authorization", "cookie", "proxy-authorization")

Cause = TypeVar("Cause", bound=BaseException)
Kind = TypeVar("Kind", bound=RegistryError)


@dataclass(frozen=True, slots=True)
class Request:
    """One question. `limit` is the most bytes that its answer's body may have, decoded."""

    method: str
    url: httpx.URL
    headers: httpx.Headers
    limit: int = JSON_LIMIT
    content: bytes | None = field(default=None, repr=False)


async def read_body(answer: httpx.Response, request: Request) -> bytes:
    """The decoded body, never more than the limit: `TooLarge` beyond it; an error's body is cut instead."""
    # Each further encoding multiplies what one received chunk can expand to.
    if "," in answer.headers.get("content-encoding", ""):
        raise failure(BrokenAnswer, request, "the body is encoded more than once", answer.status_code)
    limit = request.limit if answer.is_success else min(request.limit, ERROR_LIMIT)
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > limit:
            if not answer.is_success:
                break
            raise failure(TooLarge, request, f"the body is larger than {limit} bytes", answer.status_code)
    return bytes(body[:limit])


def redirected(request: Request, target: httpx.URL) -> Request:
    """The request for where a redirect points. `Untrusted` where it must not go."""
    if request.url.scheme == "https" and target.scheme == "http":
        raise failure(Untrusted, request, f"a redirect leads from https to http: {shown(target)}")
    if leads_inward(request.url.host, target.host):
        raise failure(Untrusted, request, f"a redirect leads to this machine's own network: {shown(target)}")
    headers = request.headers.copy()
    if origin(target) != origin(request.url):
        for name in PRIVATE_HEADERS:
            headers.pop(name, None)
    return replace(request, url=target, headers=headers)


@contextmanager
def told_apart(request: Request, timeout: float) -> Iterator[None]:
    """Turns every way in which an exchange can fail into this project's errors."""
    try:
        yield
    except httpx.TransportError as error:
        certificate = find_cause(error, ssl.SSLCertVerificationError)
        if certificate:
            raise untrusted_certificate(request, certificate) from error
        raise failure(DidNotAnswer, request, explain(error, timeout)) from error
    except httpx.DecodingError as error:
        raise failure(BrokenAnswer, request, "the body is not in the encoding that it claims") from error
    except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, ValueError) as error:
        raise failure(BrokenAnswer, request, f"the answer is not proper HTTP ({type(error).__name__})") from error
    except OSError as error:
        raise failure(DidNotAnswer, request, f"cannot connect: {error.strerror or type(error).__name__}") from error


def explain(error: httpx.TransportError, timeout: float) -> str:
    """What went wrong on the way, in words; names no more of the URL than its host."""
    # httpx-aiohttp makes one class of most of them; what aiohttp itself raised tells them apart.
    if isinstance(error, httpx.ConnectError) or find_cause(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {one_line(str(error))}"
    if isinstance(error, httpx.ProxyError):
        return "the proxy refused to connect"
    if isinstance(error, httpx.ReadTimeout) or find_cause(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    if isinstance(error, httpx.ReadError):
        return "the connection broke in the middle of the answer"
    return "the connection broke before the answer"


def untrusted_certificate(request: Request, cause: BaseException) -> Untrusted:
    """The error for a certificate that nobody trusted here has signed."""
    reason = getattr(cause, "verify_message", "") or "verification failed"
    return Untrusted(
        f"the certificate of {authority(request.url)} is not trusted: {reason}",
        method=request.method,
        url=shown(request.url),
        advice="Name the file with the registry's CA certificates in ca_bundle.",
    )


def find_cause(error: BaseException, kind: type[Cause]) -> Cause | None:
    """The first error of that kind among an error and its causes."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, kind):
        found = found.__cause__ or found.__context__
    return found


def failure(kind: type[Kind], request: Request, detail: str, status: int | None = None) -> Kind:
    """The error of that kind about a request."""
    return kind(detail, method=request.method, url=shown(request.url), status=status)
