"""An HTTP server on loopback that answers as a test tells it: byte by byte, late, cut short, or not at all."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The first value of each parameter."""
        parameters = parse_qs(urlsplit(self.target).query, keep_blank_values=True)
        return {name: values[0] for name, values in parameters.items()}

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, sent as it is: no header is added but Content-Length, and that only where none is given.

    `delay` seconds before the first byte, `drip` seconds before each byte of the body, `cut` closes the connection
    after so many bytes of the body (0: after the headers; -1: before the status line). `repeat` sends the body so
    many times.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0
    drip: float = 0
    cut: int | None = None
    repeat: int = 1

    def head(self) -> bytes:
        """Status line and headers."""
        names = {name.lower() for name, _ in self.headers}
        headers = list(self.headers)
        if not names & {"content-length", "transfer-encoding"} and self.status not in (204, 304):
            headers.append(("Content-Length", str(len(self.body) * self.repeat)))
        lines = [f"HTTP/1.1 {self.status} Status", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"


def answer(body: Any = b"", status: int = 200, **headers: str) -> Answer:
    """An answer with a body (bytes, text, or anything else as JSON) and headers, `_` in their names for `-`."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    if isinstance(body, bytes):
        return Answer(status, body, named)
    if isinstance(body, str):
        return Answer(status, body.encode(), named)
    kind = () if "content_type" in headers else (("content-type", "application/json"),)
    return Answer(status, json.dumps(body).encode(), (*named, *kind))


Reply = Answer | Callable[[Asked], Answer]


@dataclass
class Scripted:
    """A context manager that serves while it is open.

    `most_at_once` is how many requests were under way together, `connections` how many connections came.
    `replies` has for each path a list: each request takes the next, the last one stays. A path alone answers every
    method; `HEAD /path` goes before it. What is not scripted is 404. `asked` is every request, in order.
    """

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    most_at_once: int = 0
    connections: int = 0
    _at_once: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def on(self, path: str, *replies: Reply) -> Self:
        """Answers requests for `path` with these, one after the other."""
        self.replies[path] = list(replies)
        return self

    @property
    def host(self) -> str:
        return self.url.partition("://")[2]

    def paths(self) -> list[str]:
        """What was asked, `METHOD target` each."""
        return [f"{asked.method} {asked.target}" for asked in self.asked]

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1024 * 1024)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        try:
            while asked := await read_request(reader):
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                try:
                    if not await self._reply(asked, writer):
                        break
                finally:
                    self._at_once -= 1
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _reply(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        """Sends the answer; False where the connection must not be used again."""
        self.asked.append(asked)
        script = self.replies.get(f"{asked.method} {asked.path}") or self.replies.get(asked.path)
        reply: Reply = answer({"errors": [{"code": "NOT_SCRIPTED"}]}, 404)
        if script:
            reply = script.pop(0) if len(script) > 1 else script[0]
        told = reply(asked) if callable(reply) else reply
        await asyncio.sleep(told.delay)
        if told.cut == -1:
            return False
        writer.write(told.head())
        await writer.drain()
        if asked.method != "HEAD":
            await send_body(told, writer)
        return told.cut is None


async def send_body(told: Answer, writer: asyncio.StreamWriter) -> None:
    """The body as the answer says: whole, cut, repeated or drop by drop."""
    body = told.body if told.cut is None else told.body[: told.cut]
    for _ in range(told.repeat):
        if told.drip:
            for position in range(len(body)):
                writer.write(body[position : position + 1])
                await writer.drain()
                await asyncio.sleep(told.drip)
        else:
            writer.write(body)
            await writer.drain()


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    """The next request of a connection, None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body)
