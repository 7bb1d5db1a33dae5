"""Whatever a providers file holds, it is a configuration or it has problems; it never ends otherwise."""

import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.providers.file import parse_providers


def repr_yaml(content: object) -> bytes:
    return yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "replace")


def check_outcome(body: bytes) -> None:
    providers, problems = parse_providers(body)
    assert providers or problems
    assert all(problem.message for problem in problems)


@given(st.text())
def test_any_text_is_a_configuration_or_its_problems(text: str) -> None:
    check_outcome(text.encode("utf-8", "replace"))


@given(st.binary())
def test_any_bytes_are_a_configuration_or_their_problems(body: bytes) -> None:
    check_outcome(body)


OPTIONS = ["providers", "name", "config", "selectors", "max_tags", "api_url", "token", "registry_type"]
VALUES = [
    "a",
    "-",
    "${A}",
    "${",
    "$${",
    "~",
    "1.10",
    "https://r.test",
    "ecr",
    "oci-layout",
    "(?=x)",
    "|",
    "''",
    "{}",
    "[]",
]
WORDS = st.sampled_from([*OPTIONS, *VALUES, "<<", "&a", "*a", "!x"])


@given(st.lists(st.tuples(st.sampled_from([": ", "\n", "\n  ", "\n    ", "\n  - ", ", ", " "]), WORDS), max_size=30))
def test_words_of_a_providers_file_in_any_order_are_a_configuration_or_its_problems(
    words: list[tuple[str, str]],
) -> None:
    check_outcome(("providers:" + "".join(f"{space}{word}" for space, word in words)).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["name", "type", "every", "config"]), JSON))
def test_any_shape_of_a_provider_is_a_configuration_or_its_problems(provider: dict[str, object]) -> None:
    check_outcome(repr_yaml({"providers": [provider]}))


@given(
    st.dictionaries(
        st.sampled_from(["registry_type", "api_url", "username", "token", "timeout", "selectors", "repositories", "x"]),
        JSON | st.lists(st.dictionaries(st.sampled_from(["namespace_pattern", "include_tags", "max_tags"]), JSON)),
    )
)
def test_any_shape_of_the_options_is_a_configuration_or_its_problems(options: dict[str, object]) -> None:
    check_outcome(repr_yaml({"providers": [{"name": "x", "config": options}]}))
