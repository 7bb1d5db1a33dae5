"""What a registry's answer means: the bytes of a good one, the error that a bad one stands for."""

import json
import re
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from registry_assets.errors import (
    BrokenAnswer,
    DidNotAnswer,
    NotAllowed,
    NothingThere,
    NotSupported,
    RateLimited,
    RegistryError,
)
from registry_assets.registry.origin import shown
from registry_assets.registry.pace import told_wait

LONGEST_MESSAGE = 300
BY_STATUS: dict[int, type[RegistryError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NothingThere,
    405: NotSupported,
    408: DidNotAnswer,
    429: RateLimited,
    501: NotSupported,
}
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
BY_CODE: dict[str, type[RegistryError]] = {"UNSUPPORTED": NotSupported, "TOOMANYREQUESTS": RateLimited}
PHRASES = {
    401: "not authorized",
    403: "forbidden",
    404: "not found",
    405: "not offered here",
    408: "the registry waited too long for the request",
    429: "too many requests",
    500: "the registry failed",
    501: "not offered here",
    502: "the proxy in front of the registry got no answer from it",
    503: "the registry is not available now",
    504: "the proxy in front of the registry waited too long for it",
}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer read whole. `url` is where it came from, after redirects; the body is decoded and within its limit."""

    method: str
    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as a JSON document. `BrokenAnswer` where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            # Never the body itself: a token server's holds a token.
            said = one_line(self.headers.get("content-type", ""))[:80] or "untyped bytes"
            raise self.broken(f"the answer is not JSON ({len(self.body)} bytes, {said})") from error

    def broken(self, detail: str) -> BrokenAnswer:
        """The error that says so about this answer."""
        return BrokenAnswer(detail, method=self.method, url=shown(self.url), status=self.status)


def refusal(response: Response, hide: Callable[[str], str] = str) -> RegistryError:
    """The error that an answer without success stands for, with the registry's own code and words.

    `hide` blots out secrets in them: some servers quote what they were sent.
    """
    code, message = (one_line(hide(text)) for text in parse_error(response.body))
    kind = BY_CODE.get(code) or BY_STATUS.get(response.status)
    if kind is None:
        kind = DidNotAnswer if response.status >= 500 else BrokenAnswer
    phrase = PHRASES.get(response.status, "not an answer that a registry gives here")
    words = ": ".join(part for part in (code, message) if part) or phrase
    wait = told_wait(response.headers, time.time()) if kind is RateLimited else None
    if wait is not None:
        words += f"; the registry asks to wait {wait:.0f} s"
    return kind(words, method=response.method, url=shown(response.url), status=response.status, code=code[:64])


def parse_error(body: bytes) -> tuple[str, str]:
    """Code and message of an error body as they stand there; '' for what it does not say. Never raises.

    Knows the OCI form (`errors[].code/message`), OAuth 2's (`error`, `error_description`), the one-field forms of
    other APIs (`message`, `detail`, `details`), HTML and text.
    """
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return "", text
    if not isinstance(document, dict):
        return "", text
    first = document.get("errors")
    source = first[0] if isinstance(first, list) and first and isinstance(first[0], dict) else document
    message = _first_text(source, "message", "error_description", "detail", "details")
    return _first_text(source, "code", "error"), message


def _first_text(document: dict[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := document.get(name), str) and value), "")


def one_line(text: str) -> str:
    """Text from a registry made fit for a message: no markup, no control or invisible characters, one short line."""
    plain = text[:20_000]
    if "<" in plain:
        title = re.search(r"<(title|h1)\b[^>]*>([^<]{1,1000})<", plain, re.IGNORECASE)
        plain = title.group(2) if title else re.sub(r"<[/!?a-zA-Z][^<>]{0,1000}>?", " ", plain)
    visible = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in plain)
    line = " ".join(visible.split())
    return line if len(line) <= LONGEST_MESSAGE else line[: LONGEST_MESSAGE - 1] + "…"
