"""What pydantic found wrong, in plain sentences with the file's paths and lines. A secret is never quoted."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from registry_assets.providers.document import Path
from registry_assets.providers.models import Provider, ProviderConfig, Selector
from registry_assets.providers.placeholders import has_placeholder

Finding = tuple[Path, str]

_SECRETS = frozenset({"username", "password", "token", "api_url"})
_EXPECTED = {
    "missing": "is required",
    "string_type": "must be text",
    "tuple_type": "must be a list, such as `[a, b]`",
    "model_type": "must be a mapping of options",
    "model_attributes_type": "must be a mapping of options",
    "dict_type": "must be a mapping of options",
}


def findings(error: ValidationError, content: Any, prefix: Path = ()) -> Iterator[Finding]:
    """Path and sentence of each fault; `content` is what was validated, as it was written; `prefix` is where it is."""
    for detail in error.errors(include_url=False, include_context=True):
        path = (*prefix, *detail["loc"])
        if detail["type"] == "extra_forbidden":
            yield _unknown_option(path, _at(content, detail["loc"]))
        # The other is a default that another fault, reported itself, kept from being made.
        elif detail["type"] != "default_factory_not_called":
            yield path, _sentence(detail) + _quotation(path, _at(content, detail["loc"]))


def _at(content: Any, path: Path) -> Any:
    for part in path:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _sentence(detail: ErrorDetails) -> str:
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    return _EXPECTED.get(detail["type"], detail["msg"])


def _quotation(path: Path, value: Any) -> str:
    """The faulty text, unless it may be a secret: of a credential, or come from an environment variable."""
    quotable = isinstance(value, str | int | float) and not _SECRETS.intersection(path)
    if not quotable or (isinstance(value, str) and has_placeholder(value)):
        return ""
    text = str(value)
    return f" (it is `{text if len(text) <= 80 else text[:79] + '…'}`)"


def _unknown_option(path: Path, value: Any) -> Finding:
    options = f"the options are {', '.join(_options(path))}"
    suggestion = _suggestion(path, str(path[-1]))
    # `{username: bob, hunter2}`: without a value it may be a secret that lost its place.
    if value is None and not suggestion:
        return path[:-1], f"holds something that is no option; {options}"
    return path, f"is not an option; {suggestion}{options}"


def _options(path: Path) -> list[str]:
    if "selectors" in path:
        return list(Selector.model_fields)
    if "config" in path:
        return list(ProviderConfig.model_fields)
    return list(Provider.model_fields) if "providers" in path[:-1] else ["providers"]


def _suggestion(path: Path, key: str) -> str:
    near = get_close_matches(key.lower().replace("-", "_"), _options(path), n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`? "
    if "config" not in path and key in ProviderConfig.model_fields:
        return "it belongs under `config`; "
    if "selectors" not in path and key in Selector.model_fields:
        return "it belongs to an entry of `selectors`; "
    return ""
