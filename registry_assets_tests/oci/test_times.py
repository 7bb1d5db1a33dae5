from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.oci.times import EPOCH, parse_time

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-01-15T12:00:00Z", NOON),
        ("2024-01-15t12:00:00z", NOON),
        ("2024-01-15T14:00:00+02:00", NOON),
        ("2024-01-15T03:30:00-08:30", NOON),
        ("2024-01-15 12:00:00Z", NOON),
        (" 2024-01-15T12:00:00Z\n", NOON),
        ("2024-01-15T12:00:00", NOON),
        ("2024-01-15T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
        ("2024-01-15T12:00:00.1Z", NOON.replace(microsecond=100000)),
        ("9998-12-31T23:59:59Z", datetime(9998, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_instants_in_utc_whatever_zone_and_precision(text: str, time: datetime) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-01-15",
        "2024-W03-1T12:00:00Z",
        "20240115T120000Z",
        "2024-01-15T12:00:60Z",
        "٢024-01-15T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00Z",
        "1970-01-01T01:00:00+02:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2024-01-15T25:00:00Z",
        "2024-01-15T12:00:00+99:00",
        "2024-01-15T12:00:00Z; DROP TABLE tags",
        "2024-01-15T12:00:00\0Z",
        "\ud800",
        "-62135596800000",
        None,
        0,
        1705320000,
        True,
        [],
        {},
    ],
)
def test_what_is_no_time_or_stands_for_unknown_is_none(text: object) -> None:
    assert parse_time(text) is None


@given(st.text() | st.text("0123456789-:.TZ+ "))
def test_any_text_is_an_instant_after_the_epoch_or_none(text: str) -> None:
    time = parse_time(text)
    assert time is None or (time > EPOCH and time.tzinfo is UTC)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9998, 12, 30), timezones=st.timezones()))  # noqa: DTZ001
def test_a_written_time_reads_back_as_the_same_instant(time: datetime) -> None:
    offset = time.utcoffset()
    assert offset is not None
    assert parse_time(time.isoformat()) == time.astimezone(UTC)
