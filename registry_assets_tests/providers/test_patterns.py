"""Patterns run in linear time or are refused with a reason; plain alternations spell out names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.providers.patterns import compile_pattern, literal_names


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("nginx", "nginx", True),
        ("nginx", "nginx-unprivileged", False),
        ("ngi", "nginx", False),
        ("^nginx$", "nginx", True),
        ("^a|b$", "ab", False),
        ("", "", True),
        ("", "x", False),
        (".*", "", True),
        ("Nginx", "nginx", True),
        (r"v\d+\.\d+", "v1.27", True),
        ("(?P<n>a)", "a", True),
        (".*", "\ud800", False),
    ],
)
def test_a_pattern_matches_in_full(pattern: str, text: str, matches: bool) -> None:
    assert compile_pattern(pattern, ignore_case=True).matches(text) == matches


def test_case_counts_unless_ignored() -> None:
    assert not compile_pattern("RC").matches("rc")


@pytest.mark.parametrize(
    ("pattern", "position", "reason"),
    [
        (r"(a)\1", 4, "backreferences cannot be matched in linear time"),
        ("(?P<n>a)(?P=n)", 9, "backreferences"),
        ("web(?!-dev)", 4, "lookaheads and lookbehinds cannot be matched in linear time"),
        ("(?<=a)b", 1, "lookaheads and lookbehinds"),
        ("(?>a)", 1, "atomic groups"),
        ("a++", 2, "two repetition operators"),
        ("a{1001}", 2, "more than 1000 repetitions"),
        ("*.web", 1, "there is nothing to repeat"),
        ("(web", 1, "a closing parenthesis is missing"),
        ("web)", 1, "a closing parenthesis has no opening one"),
        ("[a-z", 1, "a closing bracket is missing"),
        ("web\\", 0, "ends with a backslash"),
        (r"web\Z", 4, "matches in full anyway"),
        (r"\y", 1, "escape is not known"),
        ("[[:x:]]", 2, "character class is not known"),
        ("\ud800", 0, "not text"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_why_and_where(pattern: str, position: int, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as raised:
        compile_pattern(pattern)
    if position:
        assert str(raised.value).startswith(f"at character {position}: ")


def test_a_pattern_that_backtracks_for_ever_elsewhere_answers() -> None:
    assert not compile_pattern("(a*)*b|(a|aa)+c").matches("a" * 100_000)


@given(st.text(), st.text())
def test_any_pattern_compiles_or_is_refused_with_a_reason(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except ValueError as error:
        reason = str(error)
    else:
        reason = str(compiled.matches(text))
    assert reason


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("nginx", ("nginx",)),
        ("^nginx$", ("nginx",)),
        ("^(api|worker|frontend)$", ("api", "worker", "frontend")),
        ("(?:api|worker)", ("api", "worker")),
        ("api|worker", ("api", "worker")),
        ("^api|worker$", ("api", "worker")),
        ("a|a", ("a",)),
        ("MyOrg", ("myorg",)),
        (r"my\.app", ("my.app",)),
        (r"team/my\-app_x", ("team/my-app_x",)),
        ("", ("",)),
        ("^$", ("",)),
        ("my.app", ()),
        (".*", ()),
        ("mycompany.*", ()),
        ("(a|b)(c|d)", ()),
        ("(a|)", ()),
        ("a?", ()),
        ("[ab]", ()),
        (r"\d", ()),
        ("(a", ()),
    ],
)
def test_only_a_plain_alternation_of_literals_spells_out_names(pattern: str, names: tuple[str, ...]) -> None:
    assert literal_names(pattern) == names


@given(st.from_regex(r"\A\^?\(?[a-z0-9.\\|/?*_-]{0,12}\)?\$?\Z"))
def test_what_a_pattern_spells_out_it_also_matches(pattern: str) -> None:
    for name in literal_names(pattern):
        assert compile_pattern(pattern, ignore_case=True).matches(name)
