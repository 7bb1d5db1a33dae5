"""docs/configuration.md says what the models say, and its examples hold."""

import re

import pytest
import yaml

from registry_assets.providers.documentation import PAGE, rendered
from registry_assets.providers.file import project_folder
from registry_assets.providers.models import Provider, ProviderConfig, Selector
from registry_assets.providers.registry_types import REGISTRY_TYPES
from registry_assets_tests.providers.reading import names, read, selection


@pytest.fixture(scope="module")
def page() -> str:
    return (project_folder() / PAGE).read_text()


def test_the_tables_are_up_to_date(page: str) -> None:
    """Where this fails, run `python -m registry_assets.providers.documentation`."""
    assert rendered(page) == page


def test_the_tables_are_really_written(page: str) -> None:
    emptied = re.sub(r"^\| .*\n", "", page, flags=re.MULTILINE)
    assert rendered(emptied) != emptied
    for name in ("provider", "config", "selector", "types", "credentials"):
        assert f"<!-- {name} -->\n" in page


@pytest.mark.parametrize("model", [Provider, ProviderConfig, Selector])
def test_every_option_is_described(model: type[Provider], page: str) -> None:
    for name, field in model.model_fields.items():
        assert field.description
        assert f"| `{name}` |" in page


@pytest.mark.parametrize("registry_type", REGISTRY_TYPES)
def test_every_type_and_its_credentials_are_described(registry_type: str, page: str) -> None:
    assert REGISTRY_TYPES[registry_type].credentials
    assert page.count(f"| `{registry_type}` |") >= 2


def test_the_pages_yaml_is_valid(page: str) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        assert read(block)


def example_rows() -> list[tuple[str, str, str]]:
    text = (project_folder() / PAGE).read_text().partition("| Selector | Takes | Leaves out |")[2]
    rows = text.partition("\n\n")[0].replace(r"\|", "\0").splitlines()[2:]
    return [tuple(cell.strip().replace("\0", "|") for cell in row.strip("|").split("|")) for row in rows]  # type: ignore[misc]


@pytest.mark.parametrize(("selector", "takes", "leaves"), example_rows())
def test_the_pages_examples_hold(selector: str, takes: str, leaves: str) -> None:
    options = yaml.safe_load("\n".join(part.strip("`") for part in selector.split("`, `")))
    chosen = selection(options)
    for name in re.findall(r"`([^`]*)`", takes):
        assert chosen.choose_tags("any", names(name)).selected if "tags" in selector else chosen.wants(name)
    for name in re.findall(r"`([^`]*)`", leaves):
        assert not (chosen.choose_tags("any", names(name)).selected if "tags" in selector else chosen.wants(name))
