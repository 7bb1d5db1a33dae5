"""Faults of a providers file: every one is found, with its path, its line and a sentence."""

import pytest

from registry_assets.errors import Problem
from registry_assets.providers.document import MAX_BYTES
from registry_assets.providers.file import parse_providers
from registry_assets_tests.providers.reading import ONE, config, problems_of, read


@pytest.mark.parametrize(
    ("text", "line", "path", "part"),
    [
        ("", None, "", "the file is empty"),
        ("# nothing\n", None, "", "the file is empty"),
        ("- name: one\n", 1, "", "must begin with `providers:`"),
        ("text\n", 1, "", "must begin with `providers:`"),
        ("provider: []\n", 1, "", "`providers` is missing; the file holds `provider`"),
        ("providers:\n", 1, "providers", "there are no providers"),
        ("providers: []\n", 1, "providers", "there are no providers"),
        ("providers: {name: one}\n", 1, "providers", "must be a list"),
        ("providers:\n  - one\n", 2, "providers[0]", "must be a mapping"),
        ("providers:\n  - name: one\n\tconfig: {}\n", 3, "", "a tab cannot indent YAML"),
        ("providers:\n  - {name: one\n", 3, "", "not valid YAML"),
        ("providers: []\n---\nproviders: []\n", 2, "", "one YAML document"),
        ("providers:\n  - name: o\0ne\n", 2, "", "control character"),
        ("providers:\n  - &a\n    name: one\n    config: *a\n", 4, "providers[0].config", "refers to what it is in"),
        ("a: " + "[" * 5000, None, "", "nested too deeply"),
        ("? [1]\n: x\n", 1, "", "name must be text"),
        ("providers:\n  - name: !!binary abcd\n", 2, "providers[0].name", "YAML tags"),
        ("providers:\n  - name: !!python/object:os.system x\n", 2, "providers[0].name", "YAML tags"),
        ('providers:\n  - name: "\\ud800"\n', 2, "providers[0].name", "not text"),
        (f"{ONE}others: 1\n", 4, "others", "is not an option"),
        (f"{ONE}providers: []\n", 4, "providers", "is given twice, first on line 1"),
    ],
)
def test_a_file_that_is_built_wrong_says_where(text: str, line: int | None, path: str, part: str) -> None:
    assert [(problem.line, problem.path) for problem in problems_of(text) if part in problem.message] == [(line, path)]


def test_bytes_that_are_no_utf8_are_found_on_their_line() -> None:
    assert problems_of(b"providers:\n- name: \xff\n") == [
        Problem("", "this is not UTF-8; save the file as UTF-8", 2),
    ]


def test_a_byte_order_mark_is_no_fault() -> None:
    providers, problems = parse_providers(b"\xef\xbb\xbf" + ONE.encode())
    assert (len(providers), problems) == (1, [])


def test_aliases_that_explode_are_stopped() -> None:
    layers = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    layers += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (problem,) = problems_of("\n".join(layers))
    assert "once its aliases are expanded" in problem.message


def test_a_file_beyond_all_bounds_is_not_read() -> None:
    (problem,) = problems_of(b"#" * (MAX_BYTES + 1))
    assert "larger than" in problem.message


@pytest.mark.parametrize(
    ("lines", "line", "path", "part"),
    [
        (["timeout: 0"], 6, "timeout", "whole number from 1 up (it is `0`)"),
        (["timeout: true"], 6, "timeout", "whole number"),
        (["timeout: 1.5"], 6, "timeout", "whole number"),
        (["timeout: [1]"], 6, "timeout", "whole number"),
        ([f"timeout: {'9' * 5000}"], 6, "timeout", "whole number"),
        (["concurrency: 65"], 6, "concurrency", "from 1 to 64"),
        (["verify_tls: maybe"], 6, "verify_tls", "true or false"),
        (["tag_order: newest"], 6, "tag_order", "one of auto, pushed, semver, registry"),
        (["repositories: [UPPER/case]"], 6, "repositories[0]", "lower case"),
        (["repositories: [r.test/app]"], 6, "repositories[0]", "registry's host"),
        (["repositories: [app:1]"], 6, "repositories[0]", "no tag"),
        (["repositories: app"], 6, "repositories", "must be a list"),
        (["selectors: []"], 6, "selectors", "an empty list selects nothing"),
        (["selectors: {}"], 6, "selectors", "must be a list"),
        (["selectors:", "  -"], 7, "selectors[0]", "must be a mapping"),
        (["selectors:", "  - {}", "  - max_tags: -1"], 8, "selectors[1].max_tags", "from 0 up"),
        (["selectors:", "  - max_tag: 1"], 7, "selectors[0].max_tag", "did you mean `max_tags`?"),
        (["selectors:", "  - include_tags: latest"], 7, "selectors[0].include_tags", "must be a list"),
        (["selectors:", '  - include_tags: [""]'], 7, "selectors[0].include_tags[0]", "must not be empty"),
        (["selectors:", "  - exclude_tags: ['(']"], 7, "selectors[0].exclude_tags[0]", "parenthesis is missing"),
        (["selectors:", "  - repository_pattern: '*web'"], 7, "selectors[0].repository_pattern", "nothing to repeat"),
        (["usrname: x"], 6, "usrname", "did you mean `username`?"),
        (["max_tags: 1"], 6, "max_tags", "belongs to an entry of `selectors`"),
        (["usrname:"], 6, "usrname", "did you mean `username`?"),
        (["hunter2:"], 3, "", "holds something that is no option"),
        (["timeout: ${NO CLOSE"], 6, "timeout", "a literal one is written `$${`"),
        (["selectors:", "  - include_tags: ['${-}']"], 7, "selectors[0].include_tags[0]", "`$${`"),
        (["username: x"], 6, "username", "needs a password or a token"),
        (["password: x"], 6, "password", "needs a username"),
        (["username: x", "password: y", "token: z"], 3, "", "password or token, not both"),
        (["token: 'a b'"], 6, "token", "spaces"),
    ],
)
def test_an_option_that_is_wrong_says_where_and_what_is_expected(
    lines: list[str], line: int, path: str, part: str
) -> None:
    found = [(problem.line, problem.path) for problem in problems_of(config(*lines)) if part in problem.message]
    where = ".".join(["providers[0].config", *([path] if path else [])])
    assert found == [(line, where)]


@pytest.mark.parametrize(
    ("provider", "path", "part"),
    [
        ("type: docker", "providers[0].name", "is required"),
        ("name: -x", "providers[0].name", "must begin with a letter or digit"),
        ("name: a b", "providers[0].name", "must begin"),
        ("name: x\n    type: podman", "providers[0].type", "one of docker, docker.molecules.devgraph.ai"),
        ("name: x\n    every: 0", "providers[0].every", "from 1 up"),
        ("name: x\n    every: true", "providers[0].every", "whole number"),
        ("name: x\n    every: ${EVERY}", "providers[0].every", "whole number"),
        ("name: x\n    registry_type: ecr", "providers[0].registry_type", "belongs under `config`"),
        ("name: x\n    config: docker", "providers[0].config", "mapping"),
        ("name: x\n    config: {registry_type: dockerhub}", "providers[0].config.registry_type", "one of docker-hub"),
        ("name: x\n    config: {registry_type: '${T}'}", "providers[0].config.registry_type", "not expanded here"),
        ("name: x\n    config: {registry_type: [ecr]}", "providers[0].config.registry_type", "must be text"),
        ("name: x\n    config: {token: t}", "providers[0].config.token", "Docker Hub takes no token alone"),
    ],
)
def test_a_provider_that_is_wrong_says_where_and_what_is_expected(provider: str, path: str, part: str) -> None:
    problems = problems_of(f"providers:\n  - {provider}\n")
    assert [problem.path for problem in problems if part in problem.message] == [path]


@pytest.mark.parametrize("registry_type", ["ecr", "acr", "private", "oci-layout"])
def test_a_type_without_a_default_url_asks_for_one(registry_type: str) -> None:
    (problem,) = problems_of(f"providers:\n  - name: x\n    config: {{registry_type: {registry_type}}}\n")
    assert problem.path == "providers[0].config.api_url"
    assert problem.message.startswith(f"is required: registry_type {registry_type} has no default; write for example ")


@pytest.mark.parametrize(
    ("registry_type", "url"),
    [
        ("docker-hub", "https://registry-1.docker.io"),
        ("ghcr", "https://ghcr.io"),
        ("gcr", "https://gcr.io"),
    ],
)
def test_a_type_with_a_default_url_needs_none(registry_type: str, url: str) -> None:
    (provider,) = read(f"providers:\n  - name: x\n    config: {{registry_type: {registry_type}, api_url: }}\n")
    assert provider.config.api_url == url


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://R.test/", "https://r.test"),
        ("https://r.test/v2", "https://r.test"),
        ("https://r.test/v2/", "https://r.test"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("https://r.test/artifactory/api/docker/Key/v2/", "https://r.test/artifactory/api/docker/Key"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
    ],
)
def test_a_url_loses_what_makes_no_difference(url: str, normal: str) -> None:
    (provider,) = read(f"providers:\n  - name: x\n    config: {{registry_type: private, api_url: '{url}'}}\n")
    assert provider.config.api_url == normal


@pytest.mark.parametrize(
    "url",
    [
        "registry.company.com",
        "ftp://r.test",
        "https://",
        "https://:5000",
        "https://r.test:port",
        "https://r.test:0",
        "http://[::1",
        "https://r.test?x=1",
        "https://r.test/#x",
        "https://r test",
        "https://user:hunter2@r.test",
        "//r.test",
    ],
)
def test_what_is_no_registry_url_is_refused_without_being_quoted(url: str) -> None:
    (problem,) = problems_of(f"providers:\n  - name: x\n    config: {{registry_type: private, api_url: '{url}'}}\n")
    assert (problem.path, problem.line) == ("providers[0].config.api_url", 3)
    assert "hunter2" not in problem.message


def test_a_layout_is_a_directory_and_takes_no_credentials() -> None:
    text = "providers:\n  - name: x\n    config: {registry_type: oci-layout, api_url: https://r.test, token: t}\n"
    messages = [problem.message for problem in problems_of(text)]
    assert any("must be a directory" in message for message in messages)
    assert any("takes no username, password or token" in message for message in messages)


@pytest.mark.parametrize(
    ("first", "second", "part"),
    [("a", "a", "is already named `a`"), ("a-b", "a.b", "named `a-b`, which differs from `a.b` only in punctuation")],
)
def test_two_providers_of_one_name_are_refused(first: str, second: str, part: str) -> None:
    (problem,) = problems_of(f"providers:\n  - name: {first}\n  - name: {second}\n")
    assert (problem.line, problem.path) == (3, "providers[1].name")
    assert part in problem.message


def test_all_faults_are_told_at_once_by_line() -> None:
    text = config("timeout: 0", "nonsense: 1", "username: x") + "  - name: one\n    every: x\n    every: 2\n"
    problems = problems_of(text)
    assert [problem.line for problem in problems] == [6, 7, 8, 9, 10, 11]


def test_a_long_value_is_quoted_only_in_part() -> None:
    (problem,) = problems_of(config(f"tag_order: {'x' * 1000}"))
    assert len(problem.message) < 200


def test_values_are_taken_as_they_are_written() -> None:
    (provider,) = read(
        config(
            "username: 007",
            "password: 0123",
            "timeout: '45'",
            "discover_vulnerabilities: yes",
            "selectors:",
            "  - include_tags: [1.10, 010, yes, 2024-01-15, 'null', 1e3]",
            "    max_tags: 0",
        )
    )
    chosen = provider.config
    assert chosen.selectors[0].include_tags == ("1.10", "010", "yes", "2024-01-15", "null", "1e3")
    assert chosen.password is not None
    assert (chosen.username, chosen.password.get_secret_value()) == ("007", "0123")
    assert (chosen.timeout, chosen.discover_vulnerabilities, chosen.selectors[0].max_tags) == (45, True, 0)


def test_what_is_null_counts_as_not_given() -> None:
    options = ["username:", "timeout: ~", "selectors:", "repositories: null", "namespace: ''"]
    (plain,) = read(config())
    assert read(config(*options)) == (plain,)
    assert len(plain.config.selectors) == 1


def test_merge_keys_take_defaults_from_another_provider() -> None:
    first, second = read(
        "providers:\n"
        "  - name: one\n    config: &defaults {registry_type: private, api_url: https://one.test, timeout: 5}\n"
        "  - name: two\n    config:\n      <<: *defaults\n      api_url: https://two.test\n"
    )
    assert (first.config.api_url, first.config.timeout) == ("https://one.test", 5)
    assert (second.config.api_url, second.config.timeout) == ("https://two.test", 5)


def test_a_merge_key_takes_mappings_only() -> None:
    messages = [problem.message for problem in problems_of(f"{ONE}<<: text\n")]
    assert any("`<<` takes an alias of a mapping" in message for message in messages)


def test_both_spellings_of_the_type_are_accepted() -> None:
    for spelling in ("docker", "docker.molecules.devgraph.ai"):
        assert read(ONE + f"    type: {spelling}\n")[0].type == spelling
