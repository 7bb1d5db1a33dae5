"""The tables of docs/configuration.md, written from the models: `python -m registry_assets.providers.documentation`."""

import sys
from pathlib import Path
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from registry_assets.providers.file import project_folder
from registry_assets.providers.models import Provider, ProviderConfig, Selector
from registry_assets.providers.options import Options
from registry_assets.providers.registry_types import REGISTRY_TYPES

PAGE = Path("docs", "configuration.md")

_KINDS = {str: "string", SecretStr: "string", int: "integer", bool: "boolean"}


def option_table(model: type[Options]) -> str:
    """One row per option: type, whether required, default, description."""
    rows = [
        f"| `{name}` | {_kind(field)} | {'Yes' if field.is_required() else 'No'} | {_default(name, field)} | "
        f"{field.description} |"
        for name, field in model.model_fields.items()
    ]
    return "\n".join(["| Option | Type | Required | Default | Description |", "|---|---|---|---|---|", *rows])


def _kind(field: FieldInfo) -> str:
    annotations = [field.annotation, *get_args(field.annotation)]
    for annotation in annotations:
        plain = getattr(annotation, "__origin__", annotation)
        if plain is tuple:
            return "list"
        if plain in _KINDS:
            return _KINDS[plain]
    return "mapping"


def _default(name: str, field: FieldInfo) -> str:
    if name == "api_url":
        return "by type"
    if name == "selectors":
        return "`[{}]`"
    if field.is_required() or field.default is None or field.default == () or field.default_factory is not None:
        return "-"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def type_table() -> str:
    """One row per registry type: its name and default `api_url`."""
    rows = [
        f"| `{each.name}` | {each.title} | "
        f"{f'`{each.default_api_url}`' if each.default_api_url else f'none; for example `{each.example_api_url}`'} |"
        for each in REGISTRY_TYPES.values()
    ]
    return "\n".join(["| `registry_type` | What it is | Default `api_url` |", "|---|---|---|", *rows])


def credentials_table() -> str:
    """One row per registry type and way to authenticate."""
    rows = [
        f"| `{each.name}` | {given} | {meaning} |"
        for each in REGISTRY_TYPES.values()
        for given, meaning in each.credentials
    ]
    return "\n".join(["| `registry_type` | Given | Meaning |", "|---|---|---|", *rows])


def rendered(page: str) -> str:
    """The page with its tables as they are now, each between `<!-- NAME -->` and `<!-- /NAME -->`."""
    tables = {
        "provider": option_table(Provider),
        "config": option_table(ProviderConfig),
        "selector": option_table(Selector),
        "types": type_table(),
        "credentials": credentials_table(),
    }
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if found and closed:
            page = f"{before}{begin}{table}\n{end}{after}"
    return page


def main() -> None:
    """Brings the page up to date."""
    path = project_folder() / PAGE
    path.write_text(rendered(path.read_text()))
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
