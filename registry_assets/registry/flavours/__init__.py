"""The registry types: one line for each.

Opening one takes a resolved provider and the environment.
"""

from collections.abc import Callable, Mapping

from registry_assets.errors import NotSupported
from registry_assets.providers.models import Provider
from registry_assets.registry.flavours.docker_hub import DockerHub
from registry_assets.registry.flavours.ecr_public import open_ecr
from registry_assets.registry.flavours.gcr import Gcr
from registry_assets.registry.flavours.ghcr import Ghcr
from registry_assets.registry.flavours.private import Private
from registry_assets.registry.layout import Layout
from registry_assets.registry.listing import Registry

Flavour = Callable[[Provider, Mapping[str, str]], Registry]


def not_crawled(provider: Provider, _environment: Mapping[str, str]) -> Registry:
    """Refuses a registry type that the configuration knows and this version does not crawl."""
    raise NotSupported(
        f"registry_type {provider.config.registry_type} is not crawled by this version yet",
        provider=provider.name,
        advice="Use registry_type private for what the registry offers by the specification.",
    )


FLAVOURS: dict[str, Flavour] = {
    "private": Private,
    "oci-layout": Layout,
    "docker-hub": DockerHub,
    "ecr": open_ecr,
    "gcr": Gcr,
    "acr": not_crawled,
    "ghcr": Ghcr,
}
