"""How fast one host may be asked: bounded concurrency that halves under pressure, and pauses as the host tells."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime

RESET_HEADERS = (
    "retry-after",
    "x-retry-after",
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-rate-limit-reset",
)
# A number this large is a moment (Unix seconds), not a duration: it would be a wait of 31 years.
FIRST_EPOCH = 1_000_000_000


def told_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait that an answer tells, by the first header that says so; `now` in Unix seconds."""
    for name in RESET_HEADERS:
        seconds = parse_wait(headers.get(name, ""), now)
        if seconds is not None:
            return seconds
    return None


def parse_wait(text: str, now: float) -> float | None:
    """Seconds from `Retry-After`'s forms: a duration, an HTTP date, or (seen) a Unix time; never negative."""
    value = text.strip()
    if value.replace(".", "", 1).isdecimal() and len(value) <= 20:
        number = float(value)
        if number > FIRST_EPOCH * 1000:
            number /= 1000
        return max(0.0, number - now) if number >= FIRST_EPOCH else number
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)


class Pace:
    """The permission to send to one host.

    `concurrency` is the most requests under way at once. `patience` is how many seconds of waiting the host may ask
    for in all before one request succeeds; beyond it, its refusals are passed on at once.
    """

    def __init__(self, concurrency: int, patience: float) -> None:
        self.most = max(1, concurrency)
        self.allowed = float(self.most)
        self.patience = patience
        self.failures = 0
        self._under_way = 0
        self._waited = 0.0
        self._resume_at = 0.0
        self._slowed_at = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Waits for a free place and the end of a pause; gives the time (monotonic) at which the request starts."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._under_way < int(self.allowed))
            self._under_way += 1
        try:
            await self._sleep_out_pauses()
            yield time.monotonic()
        finally:
            self._under_way -= 1
            async with self._changed:
                self._changed.notify_all()

    async def _sleep_out_pauses(self) -> None:
        while self._resume_at > time.monotonic():  # noqa: ASYNC110 - a pause may be prolonged meanwhile
            await asyncio.sleep(self._resume_at - time.monotonic())

    def slow_down(self, started: float) -> None:
        """Halves the concurrency, once for all the requests that were already under way when it last did."""
        if started >= self._slowed_at:
            self.allowed = max(1.0, self.allowed / 2)
            self._slowed_at = time.monotonic()

    def pause(self, seconds: float) -> bool:
        """Holds the whole host back; False where the host has asked for more than anybody will wait."""
        resume_at = time.monotonic() + seconds
        longer = max(0.0, resume_at - max(self._resume_at, time.monotonic()))
        if self._waited + longer > self.patience:
            return False
        self._waited += longer
        self._resume_at = max(self._resume_at, resume_at)
        return True

    def recover(self) -> None:
        """A request went well: one more at a time after about as many successes as are allowed now."""
        self.failures = 0
        self._waited = 0.0
        self.allowed = min(float(self.most), self.allowed + 1 / self.allowed)
