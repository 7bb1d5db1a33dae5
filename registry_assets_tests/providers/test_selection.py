"""Which repositories and tags selectors take, and the sentences that say so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.providers.selection import Selection, TagChoice, TagName, split_name
from registry_assets_tests.providers.reading import names, provider, selection

SIGNATURE = f"sha256-{'a' * 64}.sig"


@pytest.mark.parametrize(
    ("full_name", "parts"),
    [
        ("library/nginx", ("library", "nginx")),
        ("my-project/team/api", ("my-project", "team/api")),
        ("web", ("", "web")),
        ("", ("", "")),
    ],
)
def test_a_full_name_splits_at_its_first_slash(full_name: str, parts: tuple[str, str]) -> None:
    assert split_name(full_name) == parts


@pytest.mark.parametrize(
    ("selector", "repository", "wanted"),
    [
        ({}, "web", True),
        ({}, "a/b/c", True),
        ({"namespace_pattern": "MyOrg"}, "myorg/api", True),
        ({"namespace_pattern": "myorg"}, "myorganisation/api", False),
        ({"namespace_pattern": ""}, "web", True),
        ({"namespace_pattern": ""}, "team/web", False),
        ({"repository_pattern": "team/api"}, "team/api", True),
        ({"repository_pattern": "team/api"}, "my-project/team/api", True),
        ({"repository_pattern": "api"}, "team/api", True),
        ({"repository_pattern": "api"}, "team/user-api", False),
        ({"namespace_pattern": "team", "repository_pattern": "team/.*"}, "team/api", True),
        ({"namespace_pattern": "other", "repository_pattern": "team/.*"}, "team/api", False),
    ],
)
def test_a_selector_takes_a_repository_by_namespace_and_name(
    selector: dict[str, Any], repository: str, wanted: bool
) -> None:
    assert selection(selector).wants(repository) == wanted


@pytest.mark.parametrize(
    ("selector", "tags"),
    [
        ({}, ["latest", "RC", "v1.0", "v1x0"]),
        ({"include_tags": ["v1.0"]}, ["v1.0"]),
        ({"include_tags": ["v1.*"]}, ["v1.0", "v1x0"]),
        ({"include_tags": ["rc"]}, []),
        ({"include_tags": ["(?i)rc", "latest"]}, ["latest", "RC"]),
        ({"exclude_tags": ["v1.0"]}, ["latest", "RC"]),
        ({"exclude_tags": [r"v1\.0"]}, ["latest", "RC", "v1x0"]),
        ({"exclude_tags": ["latest"]}, ["RC", "v1.0", "v1x0"]),
        ({"include_tags": ["latest", "RC"], "exclude_tags": ["lat.*"]}, ["RC"]),
        ({"exclude_tags": ["lat"]}, ["latest", "RC", "v1.0", "v1x0"]),
        ({"include_tags": [], "exclude_tags": []}, ["latest", "RC", "v1.0", "v1x0"]),
    ],
)
def test_tag_filters_take_exact_tags_and_patterns(selector: dict[str, Any], tags: list[str]) -> None:
    listed = names("latest", "RC", "v1.0", "v1x0")
    assert selection(selector).choose_tags("web", listed).selected == tuple(
        tag for tag in ("latest", "RC", "v1.0", "v1x0") if tag in tags
    )


def test_filters_come_first_and_then_the_newest_are_taken() -> None:
    chosen = selection({"exclude_tags": [".*-rc.*"], "max_tags": 2}).choose_tags(
        "web", names("1.0", "1.1", "1.2", "1.3-rc1", "1.3-rc2")
    )
    assert chosen == TagChoice(("1.2", "1.1"), total=5, truncated=True, order="semver")


def test_the_newest_are_by_push_time_where_that_is_known() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    tags = [TagName("2.0", start), TagName("1.0", start + timedelta(1)), TagName("latest", start + timedelta(2))]
    assert selection({"max_tags": 2}).choose_tags("web", tags) == (("latest", "1.0"), 3, True, "pushed")
    assert selection({"max_tags": 2}, tag_order="semver").choose_tags("web", tags).selected == ("latest", "2.0")
    assert selection({"max_tags": 2}).choose_tags("web", tags, "registry").selected == ("2.0", "1.0")


def test_max_tags_0_takes_all() -> None:
    assert selection({"max_tags": 0}).choose_tags("web", names(*map(str, range(50)))).truncated is False


def test_by_default_ten_tags_are_taken() -> None:
    assert len(selection().choose_tags("web", names(*map(str, range(50)))).selected) == 10


def test_a_repositorys_tags_are_the_union_over_its_selectors() -> None:
    both = selection(
        {"repository_pattern": "web", "include_tags": ["latest"]},
        {"repository_pattern": "w.*", "include_tags": ["1.*"], "max_tags": 1},
        {"repository_pattern": "other"},
    )
    tags = names("latest", "1.1", "1.0", "2.0")
    assert both.choose_tags("web", tags) == (("latest", "1.1"), 4, True, "semver")
    assert both.choose_tags("worker", tags).selected == ("1.1",)
    assert both.choose_tags("nothing", tags) == ((), 4, False, "semver")


def test_referrer_tags_and_duplicates_are_neither_counted_nor_taken() -> None:
    chosen = selection({"max_tags": 0}).choose_tags("web", names("1.0", SIGNATURE, "1.0", "latest"))
    assert chosen == (("latest", "1.0"), 2, False, "semver")


@pytest.mark.parametrize(
    ("selectors", "named", "fully", "namespaces", "namespaces_named"),
    [
        ([{"namespace_pattern": "a|b", "repository_pattern": "x|y"}], {"a/x", "a/y", "b/x", "b/y"}, True, set(), True),
        ([{"namespace_pattern": "a"}], set(), False, {"a"}, True),
        ([{"namespace_pattern": "a.*"}], set(), False, set(), False),
        ([{}], set(), False, set(), False),
        ([{"repository_pattern": "web"}], {"web"}, False, set(), False),
        ([{"repository_pattern": "a/web"}], {"a/web"}, False, set(), False),
        ([{"namespace_pattern": "b.*", "repository_pattern": "a/web|b/web"}], {"b/web"}, False, set(), False),
        ([{"namespace_pattern": "b.*", "repository_pattern": "web"}], set(), False, set(), False),
        ([{"namespace_pattern": "a", "repository_pattern": "a/web"}], {"a/web"}, True, set(), True),
        ([{"namespace_pattern": "a", "repository_pattern": "team/web"}], {"a/team/web"}, True, set(), True),
        ([{"namespace_pattern": "", "repository_pattern": "web"}], {"web"}, True, set(), True),
        ([{"namespace_pattern": "a", "repository_pattern": "my.app"}], set(), False, {"a"}, True),
        (
            [{"namespace_pattern": "library", "repository_pattern": "nginx"}, {"namespace_pattern": "mine"}],
            {"library/nginx"},
            False,
            {"mine"},
            True,
        ),
    ],
)
def test_literals_name_what_to_ask_for(
    selectors: list[dict[str, Any]], named: set[str], fully: bool, namespaces: set[str], namespaces_named: bool
) -> None:
    chosen = selection(*selectors)
    assert chosen.named_repositories == named
    assert chosen.named_namespaces == namespaces
    assert (chosen.fully_named, chosen.namespaces_named) == (fully, namespaces_named)
    assert all(chosen.wants(name) for name in named)


def test_on_docker_hub_a_name_alone_is_in_library() -> None:
    chosen = Selection.of(provider(selectors=[{"repository_pattern": "nginx"}], repositories=["redis", "myorg/app"]))
    assert chosen.named_repositories == {"library/nginx"}
    chosen = Selection.of(provider(repositories=["redis", "myorg/app"]))
    assert chosen.named_repositories == {"library/redis", "myorg/app"}


def test_repositories_stand_for_the_catalog_and_are_filtered_too() -> None:
    chosen = selection({"namespace_pattern": "team"}, repositories=["team/web", "other/web"])
    assert chosen.named_repositories == {"team/web"}
    assert chosen.fully_named
    assert [chosen.wants(name) for name in ("team/web", "team/api", "other/web")] == [True, False, False]
    assert "`repositories` is given" in chosen.explain("team/api")


SELECTOR = st.fixed_dictionaries(
    {},
    optional={
        "namespace_pattern": st.sampled_from(["a", "a|b", ".*", "", "b.*"]),
        "repository_pattern": st.sampled_from(["x", "x|y", ".*", "a/x", "x.*", "t/x"]),
        "include_tags": st.lists(st.sampled_from(["1.0", "1.*", "latest", ".*"])),
        "exclude_tags": st.lists(st.sampled_from(["1.0", ".*-rc", "latest"])),
        "max_tags": st.integers(0, 3),
    },
)
SELECTORS = st.lists(SELECTOR, min_size=1, max_size=3)
TAGS = st.lists(st.sampled_from(["1.0", "1.1", "1.1-rc", "latest", "2.0", "x", SIGNATURE]), max_size=9)
REPOSITORIES = [f"{namespace}{name}" for namespace in ("", "a/", "b/", "c/") for name in ("x", "y", "t/x", "xy")]


@given(SELECTORS)
def test_where_everything_is_named_nothing_else_is_wanted(selectors: list[dict[str, Any]]) -> None:
    chosen = selection(*selectors)
    assert all(chosen.wants(name) for name in chosen.named_repositories)
    if chosen.fully_named:
        assert {name for name in REPOSITORIES if chosen.wants(name)} <= chosen.named_repositories | {"a/a/x", "b/a/x"}


@given(SELECTORS, TAGS)
def test_a_choice_agrees_with_its_explanations(selectors: list[dict[str, Any]], tags: list[str]) -> None:
    chosen = selection(*selectors)
    choice = chosen.choose_tags("a/x", names(*tags))
    passing = {tag for tag in tags if " passes " in chosen.explain_tag("a/x", tag)}
    assert set(choice.selected) <= passing
    assert choice.truncated == (passing != set(choice.selected))
    assert choice.total == len(set(tags) - {SIGNATURE})
    assert ("is taken by" in chosen.explain("a/x")) == chosen.wants("a/x")


@given(SELECTORS, TAGS, TAGS)
def test_once_there_are_enough_no_later_page_changes_the_choice(
    selectors: list[dict[str, Any]], first: list[str], later: list[str]
) -> None:
    chosen = selection(*selectors, tag_order="registry")
    before = chosen.choose_tags("a/x", names(*first)).selected
    if chosen.enough_tags("a/x", first):
        assert chosen.choose_tags("a/x", names(*first, *later)).selected == before


def test_by_version_a_later_page_may_always_hold_the_newest() -> None:
    assert not selection({"max_tags": 1}, tag_order="semver").enough_tags("web", ["1.0", "2.0"])
    assert selection({"max_tags": 1}).enough_tags("web", ["1.0"])
    assert selection({"include_tags": ["1.0"]}, tag_order="semver").enough_tags("web", ["1.0"])
    assert not selection({"max_tags": 0}).enough_tags("web", ["1.0"])


@pytest.mark.parametrize(
    ("repository", "sentence"),
    [
        ("library/nginx", "`library/nginx` is taken by selectors[0]."),
        ("myorg/nginx", "`myorg/nginx` is taken by selectors[1]."),
        ("other/x", "`other/x` is left out: no selector's namespace_pattern matches its namespace `other`."),
        (
            "library/httpd",
            (
                "`library/httpd` is left out: selectors[0] matches its namespace `library`, but its repository_pattern"
                " `nginx|redis` does not match its name `httpd`."
            ),
        ),
    ],
)
def test_a_sentence_says_why_a_repository_is_taken_or_not(repository: str, sentence: str) -> None:
    chosen = selection(
        {"namespace_pattern": "library", "repository_pattern": "nginx|redis"}, {"namespace_pattern": "myorg"}
    )
    assert chosen.explain(repository) == sentence


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("v1.0", "`v1.0` passes selectors[0], which takes the newest 3."),
        ("latest", "`latest` passes selectors[0], which takes the newest 3 and selectors[1], which takes all."),
        (
            "v1-rc",
            (
                "`v1-rc` is left out: exclude_tags of selectors[0] has `.*-rc`; include_tags of selectors[1] does not"
                " name it."
            ),
        ),
        (SIGNATURE, f"`{SIGNATURE}` is left out: it is a referrer tag, which belongs to another manifest."),
    ],
)
def test_a_sentence_says_why_a_tag_is_taken_or_not(tag: str, sentence: str) -> None:
    chosen = selection({"exclude_tags": [".*-rc"], "max_tags": 3}, {"include_tags": ["latest"], "max_tags": 0})
    assert chosen.explain_tag("web", tag) == sentence


def test_a_tag_of_a_repository_that_is_left_out_says_that() -> None:
    sentence = selection({"namespace_pattern": "team"}).explain_tag("web", "latest")
    assert sentence.startswith("`latest` is left out with its repository: `web` is left out: no selector's")
