"""Every YAML block of the product's documentation, as written there, selects what a reader expects."""

from pathlib import Path

import pytest

from registry_assets.providers.file import load_configuration, project_folder
from registry_assets.providers.selection import Selection
from registry_assets.providers.variables import resolve
from registry_assets_tests.providers.reading import REFERENCE, as_file, names, read

REPOSITORIES = [
    "company-labs/tool",
    "company/web",
    "library/mysql",
    "library/nginx",
    "library/nginx-unprivileged",
    "library/postgres",
    "library/redis",
    "my-project/team/api",
    "mycompany-emea/crm",
    "mycompany/shop",
    "myorg/api",
    "myorg/api-gateway",
    "myorg/app-backend",
    "myorg/app-frontend",
    "myorg/frontend",
    "myorg/repo1",
    "myorg/repo3",
    "myorg/worker",
    "notmycompany/web",
    "production/api",
    "production/billing",
    "production/team/user-api-v2",
    "staging/api",
    "web",
]
TAKEN = {
    "Quick Start": ["library/nginx", "library/redis"],
    "Docker Hub": [name for name in REPOSITORIES if name.startswith("myorg/")],
    "AWS ECR": ["production/api", "production/team/user-api-v2"],
    "Google GCR": ["my-project/team/api"],
    "Azure ACR": ["production/api", "production/billing", "production/team/user-api-v2"],
    "GitHub Container Registry": ["myorg/app-backend", "myorg/app-frontend"],
    "Private Registry": ["company-labs/tool", "company/web"],
    "Multi-Registry Discovery": REPOSITORIES,
    "Match Specific Repositories": ["myorg/api", "myorg/frontend", "myorg/worker"],
    "Exclude Patterns": REPOSITORIES,
    "Include Specific Tags": ["production/api", "production/billing", "production/team/user-api-v2"],
    "Official Docker Images": ["library/mysql", "library/nginx", "library/postgres", "library/redis"],
    "Container Inventory Management": ["mycompany-emea/crm", "mycompany/shop"],
    "Production Images Only": ["production/api", "production/billing", "production/team/user-api-v2"],
    "GHCR Catalog Discovery Issues": ["myorg/repo1", "myorg/repo3"],
}
TAGS = names(
    *(
        "latest",
        "stable",
        "v1.0.0",
        "v1.1.0",
        "v1.1.0-rc.1",
        "v2.0.0-beta.2",
        "v1.2.0-dev",
        "stable-dev",
        "stable-test",
    ),
    *(f"1.{minor}" for minor in range(12)),
)
NEWEST = ("latest", "stable", "stable-dev", "stable-test")
TAGS_TAKEN = {
    "Quick Start": ("library/nginx", (*NEWEST, "v2.0.0-beta.2")),
    "Exclude Patterns": (
        "web",
        ("latest", "stable", "stable-test", "1.11", "1.10", "1.9", "1.8", "1.7", "1.6", "1.5"),
    ),
    "Include Specific Tags": ("production/api", ("latest", "stable", "v1.0.0")),
    "Official Docker Images": ("library/redis", ("latest", "stable", "stable-dev")),
    "Production Images Only": ("production/api", ("latest", "stable")),
}
ENVIRONMENT = dict.fromkeys(
    f"{prefix}_{suffix}"
    for prefix in ("DOCKER", "AWS_ECR", "GCR", "ACR", "GITHUB", "REGISTRY")
    for suffix in ("USERNAME", "PASSWORD", "TOKEN")
)


@pytest.fixture
def environment() -> dict[str, str]:
    return dict.fromkeys(ENVIRONMENT, "given")


def test_every_block_has_its_expectation() -> None:
    assert TAKEN.keys() == REFERENCE.keys()


@pytest.mark.parametrize("title", REFERENCE)
def test_a_block_of_the_reference_selects_what_a_reader_expects(title: str, environment: dict[str, str]) -> None:
    for provider in read(as_file(REFERENCE[title])):
        selection = Selection.of(resolve(provider, environment))
        assert [name for name in REPOSITORIES if selection.wants(name)] == TAKEN[title]
        assert all(("is taken by" in selection.explain(name)) == (name in TAKEN[title]) for name in REPOSITORIES)


@pytest.mark.parametrize("title", TAGS_TAKEN)
def test_a_block_of_the_reference_takes_the_tags_that_a_reader_expects(title: str, environment: dict[str, str]) -> None:
    (provider,) = read(as_file(REFERENCE[title]))
    repository, expected = TAGS_TAKEN[title]
    assert Selection.of(resolve(provider, environment)).choose_tags(repository, TAGS).selected == expected


@pytest.mark.parametrize(
    ("title", "named"),
    [
        ("Quick Start", {"library/nginx", "library/redis"}),
        ("GitHub Container Registry", {"myorg/app-frontend", "myorg/app-backend"}),
        ("GHCR Catalog Discovery Issues", {"myorg/repo1", "myorg/repo2", "myorg/repo3"}),
    ],
)
def test_the_blocks_that_name_repositories_can_do_without_a_catalog(
    title: str, named: set[str], environment: dict[str, str]
) -> None:
    (provider,) = read(as_file(REFERENCE[title]))
    selection = Selection.of(resolve(provider, environment))
    assert selection.named_repositories == named
    assert selection.fully_named


def test_docker_hub_with_an_open_repository_names_its_namespace(environment: dict[str, str]) -> None:
    (provider,) = read(REFERENCE["Docker Hub"])
    selection = Selection.of(resolve(provider, environment))
    assert selection.named_namespaces == {"myorg"}
    assert selection.namespaces_named
    assert not selection.fully_named


def test_the_example_file_is_valid_and_has_every_block_with_options_of_its_own() -> None:
    configuration = load_configuration(project_folder() / "providers.example.yaml")
    written = [provider.config.written() for provider in configuration.providers]
    for title, block in REFERENCE.items():
        if block.startswith("providers:") and title != "Multi-Registry Discovery":
            assert read(block)[0].config.written() in written


def test_the_example_file_resolves_with_its_variables_set(environment: dict[str, str]) -> None:
    configuration = load_configuration(project_folder() / "providers.example.yaml")
    resolved = [resolve(provider, environment) for provider in configuration.providers]
    assert Path(resolved[-1].config.api_url) == project_folder() / "examples" / "sample-registry"
