"""Times in documents: RFC 3339, https://www.rfc-editor.org/rfc/rfc3339#section-5.6."""

import re
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Shown in a zone east of UTC, a time in the calendar's last year would overflow.
_END = datetime(9999, 1, 1, tzinfo=UTC)
# Python's own parser takes more than this, and something else in each version.
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,20})?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII | re.IGNORECASE
)


def parse_time(text: object) -> datetime | None:
    """The instant in UTC, to the microsecond; a time without zone is taken as UTC.

    None for anything that is no time, and for what stands for "unknown": times up to 1970-01-01 (Go's zero time is
    0001-01-01, reproducible builds write the epoch) and in year 9999.
    """
    if not isinstance(text, str) or not _TIME.fullmatch(text := text.strip()):
        return None
    try:
        time = datetime.fromisoformat(text.upper())
        instant = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return instant if EPOCH < instant < _END else None
