"""Ways to get at providers for the tests of this folder."""

import re
import textwrap
from pathlib import Path
from typing import Any

from registry_assets.errors import Problem
from registry_assets.providers.file import parse_providers
from registry_assets.providers.models import Provider
from registry_assets.providers.selection import Selection, TagName

_BLOCKS = re.split(r"^### (.*)\n", Path(__file__).with_name("reference_blocks.txt").read_text(), flags=re.MULTILINE)
REFERENCE = dict(zip(_BLOCKS[1::2], _BLOCKS[2::2], strict=True))
ONE = "providers:\n  - name: one\n    config: {registry_type: private, api_url: https://r.test}\n"


def config(*lines: str) -> str:
    """A file whose lines under `config` begin at line 6."""
    head = "providers:\n  - name: one\n    config:\n      registry_type: private\n      api_url: https://r.test\n"
    return head + "".join(f"      {line}\n" for line in lines)


def as_file(block: str) -> str:
    """A block of the reference as a whole providers file: one with `selectors` alone becomes a private registry's."""
    if block.startswith("providers:"):
        return block
    head = "providers:\n  - name: any\n    config:\n      registry_type: private\n      api_url: https://r.test\n"
    return head + textwrap.indent(block, " " * 6)


def read(text: str) -> tuple[Provider, ...]:
    providers, problems = parse_providers(text.encode())
    assert problems == []
    return providers


def problems_of(text: str | bytes) -> list[Problem]:
    providers, problems = parse_providers(text if isinstance(text, bytes) else text.encode())
    assert problems
    assert providers == () or problems
    return problems


def provider(**config: Any) -> Provider:
    return Provider.model_validate({"name": "any", "config": {"api_url": "https://r.test", **config}})


def private(**config: Any) -> Provider:
    return provider(registry_type="private", **config)


def selection(*selectors: dict[str, Any], **config: Any) -> Selection:
    return Selection.of(private(selectors=list(selectors) or [{}], **config))


def names(*tags: str) -> list[TagName]:
    return [TagName(tag) for tag in tags]
