"""Which tags count as the newest."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.providers.tag_order import TagName, order_tags, parse_version, sort_by_name

START = datetime(2024, 1, 1, tzinfo=UTC)

TAG = st.from_regex(r"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}\Z") | st.from_regex(
    r"\Av?[0-9]{1,3}(\.[0-9]{1,3}){0,3}(-(rc|alpine|beta)\.?[0-9]{0,2})?\Z"
)
TIMES = st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("1.10", "1.9"),
        ("1.10.0", "1.9.12"),
        ("2", "1.27.3"),
        ("v2.0.0", "v1.99.99"),
        ("v2.0.0", "1.99"),
        ("1.0.0", "1.0.0-rc.1"),
        ("1.0.0-rc.10", "1.0.0-rc.9"),
        ("1.0.0-rc.1", "1.0.0-beta.5"),
        ("1.0.0-beta.5", "1.0.0-alpha.9"),
        ("1.0.0-alpha.1", "0.9.9"),
        ("3.13.0", "3.13.0rc2"),
        ("3.13.0rc2", "3.13.0b1"),
        ("1.27", "1.27-alpine"),
        ("1.27-alpine", "1.27-rc1-alpine"),
        ("1.27-alpine3.20", "1.27-alpine3.9"),
        ("1.28-alpine", "1.27"),
        ("1.2.3.5", "1.2.3.4"),
        ("1.2.3.10", "1.2.3.9"),
        ("1.27-3", "1.27-2"),
        ("1.27-1", "1.27"),
        ("2024-01-15", "2024-01-02"),
        ("2024-10-01", "2024-9-30"),
        ("20240115", "20231231"),
        ("20240115-120000", "20240115-090000"),
        ("1.27.1", "1.27"),
        ("9" * 5000, "1"),
        ("latest", "prod"),
        ("prod", "99.0"),
        ("stable", "v1"),
        ("1.0", "sha-3f2a9c1"),
        ("0.1", "build-77"),
        ("1.0", "1a2b3c4d"),
    ],
)
def test_one_tag_is_newer_than_another(newer: str, older: str) -> None:
    assert sort_by_name([older, newer]) == [newer, older]


@pytest.mark.parametrize("tag", ["latest", "sha-3f2a9c1", "1a2b3c4d", "jdk-17", "", ".1", "v", "x1.2", "\u0661.\u0662"])
def test_what_is_no_version(tag: str) -> None:
    assert parse_version(tag) is None


def test_names_without_a_digit_stay_before_any_number_of_versions() -> None:
    tags = [f"1.{minor}" for minor in range(20)] + ["stable", "prod", "latest", "sha-1f"]
    assert sort_by_name(tags)[:4] == ["latest", "prod", "stable", "1.19"]
    assert sort_by_name(tags)[-1] == "sha-1f"


TAGS = st.lists(st.builds(TagName, TAG, TIMES), unique_by=lambda name: name.tag)


@given(TAGS.flatmap(lambda tags: st.tuples(st.just(tags), st.permutations(tags))))
def test_the_order_does_not_depend_on_how_the_tags_were_listed(tags: tuple[list[TagName], list[TagName]]) -> None:
    listed, shuffled = tags
    for order in ("auto", "pushed", "semver"):
        assert order_tags(listed, order) == order_tags(shuffled, order)
        assert sorted(order_tags(listed, order)[0]) == sorted(name.tag for name in listed)


@given(st.lists(TAG, unique=True))
def test_neighbours_in_the_order_keep_it_when_sorted_alone(tags: list[str]) -> None:
    """Were the order not transitive, some pair would come out the other way round."""
    ordered = sort_by_name(tags)
    assert all(sort_by_name([second, first]) == [first, second] for first, second in pairwise(ordered))
    assert all(sort_by_name([last, ordered[0]]) == [ordered[0], last] for last in ordered[1:])


@given(st.lists(st.integers(0, 999), min_size=1, max_size=4), st.lists(st.integers(0, 999), min_size=1, max_size=4))
def test_numbers_compare_as_numbers(first: list[int], second: list[int]) -> None:
    one, other = (parse_version(".".join(map(str, numbers))) for numbers in (first, second))
    assert one is not None
    assert other is not None
    width = max(len(first), len(second))
    padded, other_padded = (numbers + [0] * (width - len(numbers)) for numbers in (first, second))
    assert (one < other) == (padded < other_padded)


@given(
    st.from_regex(r"\A[0-9]{1,4}(\.[0-9]{1,4}){0,3}\Z"), st.sampled_from(["rc", "beta", "alpha"]), st.integers(0, 99)
)
def test_a_pre_release_is_below_its_release_with_and_without_v(release: str, word: str, number: int) -> None:
    assert sort_by_name([f"{release}-{word}.{number}", release])[0] == release
    assert sort_by_name([f"v{release}-{word}{number}", release])[0] == release
    assert parse_version(f"v{release}") == parse_version(release)


def test_push_times_win_where_there_are_any() -> None:
    tags = [TagName("latest", START), TagName("1.0", START + timedelta(days=1)), TagName("2.0"), TagName("3.0")]
    assert order_tags(tags, "auto") == (("1.0", "latest", "3.0", "2.0"), "pushed")
    assert order_tags(tags, "pushed") == order_tags(tags, "auto")
    assert order_tags(tags, "semver") == (("latest", "3.0", "2.0", "1.0"), "semver")


def test_without_push_times_the_names_decide_and_that_is_said() -> None:
    assert order_tags([TagName("1.0"), TagName("2.0")], "pushed") == (("2.0", "1.0"), "semver")


def test_tags_pushed_at_the_same_time_go_by_name() -> None:
    tags = [TagName("1.9", START), TagName("1.10", START), TagName("latest", START)]
    assert order_tags(tags)[0] == ("latest", "1.10", "1.9")


def test_the_order_of_the_registry_is_kept() -> None:
    assert order_tags([TagName("b"), TagName("a"), TagName("c")], "registry") == (("b", "a", "c"), "registry")


def test_no_tags_have_an_order_too() -> None:
    assert order_tags([]) == ((), "semver")
