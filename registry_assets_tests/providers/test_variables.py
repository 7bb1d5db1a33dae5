"""`${VAR}` expands when a crawl starts, and says what is missing by provider, option and variable."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_assets.errors import ConfigurationError
from registry_assets.providers.file import load_configuration
from registry_assets.providers.models import ProviderConfig, Selector
from registry_assets.providers.placeholders import expand, is_malformed, unset_variables
from registry_assets.providers.variables import resolve
from registry_assets_tests.providers.reading import private, read


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${A}", "one"),
        ("x${A}y${A}", "xoneyone"),
        ("${EMPTY:-fallback}", "fallback"),
        ("${ABSENT:-fallback}", "fallback"),
        ("${ABSENT:-}", ""),
        ("${A:-fallback}", "one"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("$A $ $$ cost$", "$A $ $$ cost$"),
        ("${ABSENT:-a:-b$}", "a:-b$"),
        ("${NESTED}", "${A}"),
    ],
)
def test_a_text_expands(text: str, expanded: str) -> None:
    environment = {"A": "one", "EMPTY": "", "NESTED": "${A}"}
    assert expand(text, environment) == expanded
    assert not is_malformed(text)


@pytest.mark.parametrize("text", ["${", "${}", "${1A}", "${A B}", "${A", "${A-x}", "${A:x}", "x${ä}"])
def test_what_begins_no_variable_is_malformed(text: str) -> None:
    assert is_malformed(text)


@given(st.text())
def test_a_text_without_placeholders_stays_as_it_is(text: str) -> None:
    plain = text.replace("${", "")
    assert expand(plain, {}) == plain
    assert unset_variables(plain, {}) == []


@given(st.text(), st.text())
def test_an_escaped_placeholder_comes_out_literally(before: str, after: str) -> None:
    before, after = before.replace("$", ""), after.replace("$", "")
    assert expand(f"{before}$${{{after}", {}) == f"{before}${{{after}"


def test_every_unset_variable_is_named_with_its_option() -> None:
    provider = private(
        username="${USER_A}", password="${PASS_A}", selectors=[{"include_tags": ["x", "${TAG}-${USER_A}"]}]
    )
    with pytest.raises(ConfigurationError) as raised:
        resolve(provider, {"PASS_A": ""})
    assert [str(problem) for problem in raised.value.problems] == [
        "any.config.username: the environment variable USER_A is not set (or empty)",
        "any.config.password: the environment variable PASS_A is not set (or empty)",
        "any.config.selectors[0].include_tags[1]: the environment variable TAG is not set (or empty)",
        "any.config.selectors[0].include_tags[1]: the environment variable USER_A is not set (or empty)",
    ]


def test_numbers_switches_and_selectors_may_come_from_variables() -> None:
    provider = private(
        timeout="${TIMEOUT}",
        verify_tls="${TLS:-no}",
        concurrency="${WORKERS:-}",
        selectors=[{"repository_pattern": "^(${APP})$", "max_tags": "${MAX:-3}"}],
    )
    assert provider.config.timeout == 30
    config = resolve(provider, {"TIMEOUT": "7", "APP": "web"}).config
    assert (config.timeout, config.verify_tls, config.concurrency) == (7, False, None)
    assert config.selectors == (Selector(repository_pattern="^(web)$", max_tags=3),)


@pytest.mark.parametrize(
    ("options", "path", "part"),
    [
        ({"timeout": "${SECRET}"}, "any.config.timeout", "whole number"),
        ({"api_url": "${SECRET}"}, "any.config.api_url", "must be a URL"),
        ({"api_url": "https://${SECRET}@r.test"}, "any.config.api_url", "user name or password"),
        ({"tag_order": "${SECRET}"}, "any.config.tag_order", "must be one of"),
        ({"selectors": [{"include_tags": ["(${SECRET}"]}]}, "any.config.selectors[0].include_tags[0]", "parenthesis"),
        ({"repositories": ["${SECRET}/X"]}, "any.config.repositories[0]", "full name"),
        ({"username": "x", "password": "${ABSENT:-}"}, "any.config.username", "needs a password"),
        ({"ca_bundle": "absent-${A:-x}.pem"}, "any.config.ca_bundle", "there is no file"),
    ],
)
def test_what_a_variable_holds_is_checked_and_never_quoted(options: dict[str, object], path: str, part: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        resolve(private(**options), {"SECRET": "hunter2("})
    (problem,) = raised.value.problems
    assert problem.path == path
    assert part in problem.message
    assert "hunter2" not in str(raised.value)


def test_a_secret_that_looks_like_a_variable_is_taken_as_it_is() -> None:
    resolved = resolve(private(username="x", password="${P}"), {"P": "a${P}b"})
    assert resolved.config.password is not None
    assert resolved.config.password.get_secret_value() == "a${P}b"
    assert resolve(resolved, {}) is resolved


def test_what_is_no_number_can_still_be_changed_before_resolving() -> None:
    config = private(timeout=5).config.model_copy(update={"concurrency": 2})
    provider = private().model_copy(update={"config": config})
    resolved = resolve(provider, {}).config
    assert (resolved.timeout, resolved.concurrency) == (5, 2)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    path = tmp_path / "providers.yaml"
    path.write_text(
        "providers:\n"
        "  - name: disk\n    config: {registry_type: oci-layout, api_url: './images/${KIND}'}\n"
        "  - name: tls\n    config: {registry_type: private, api_url: https://r.test, ca_bundle: ca.pem}\n"
    )
    disk, tls = (resolve(provider, {"KIND": "base"}) for provider in load_configuration(path).providers)
    assert disk.config.api_url == str(tmp_path / "images" / "base")
    assert tls.config.ca_bundle == str(tmp_path / "ca.pem")


def test_an_expanded_url_loses_what_makes_no_difference() -> None:
    assert resolve(private(api_url="${U}"), {"U": "https://R.test/v2/"}).config.api_url == "https://r.test"


def test_what_was_written_reads_back_as_the_same_provider() -> None:
    (provider,) = read(
        "providers:\n  - name: x\n    every: 7\n    config:\n      registry_type: private\n      api_url: https://r.test\n"
        "      token: t\n      timeout: ${T}\n      selectors: [{max_tags: '${N}', include_tags: [a]}]\n"
    )
    assert type(provider).model_validate(provider.written()) == provider
    assert provider.config.written()["token"] == "t"


def test_a_variable_is_not_expanded_in_the_registry_type() -> None:
    with pytest.raises(ValueError, match="variables are not expanded here"):
        ProviderConfig(registry_type="${TYPE}")


def test_every_option_that_is_no_text_is_known_as_such() -> None:
    """`not_text` has to name every number and switch, or a variable in it could not wait for the crawl."""
    for model in (ProviderConfig, Selector):
        numbers = {name for name, field in model.model_fields.items() if "int" in str(field.annotation)}
        switches = {name for name, field in model.model_fields.items() if "bool" in str(field.annotation)}
        assert model.not_text == numbers | switches
