"""A registry read in full, as a crawl does."""

from registry_assets.providers.selection import Selection
from registry_assets.registry.listing import ListedRepository, ListedTag, Registry


async def list_repositories(registry: Registry, selection: Selection) -> list[ListedRepository]:
    """All listed repositories."""
    return [listed async for page in registry.list_repositories(selection) for listed in page]


async def list_tags(registry: Registry, repository: str) -> list[ListedTag]:
    """All tags of a repository."""
    return [tag async for page in registry.list_tags(repository) for tag in page]


async def read_tags(registry: Registry, repository: str) -> list[str]:
    """The names of all tags."""
    return [tag.tag for tag in await list_tags(registry, repository)]
