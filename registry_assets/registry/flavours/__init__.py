"""The registry types: one line for each.

Opening one takes a resolved provider and the environment.
"""

from collections.abc import Callable, Mapping

from registry_assets.providers.models import Provider
from registry_assets.registry.flavours.acr import Acr
from registry_assets.registry.flavours.docker_hub import DockerHub
from registry_assets.registry.flavours.ecr_public import open_ecr
from registry_assets.registry.flavours.gcr import Gcr
from registry_assets.registry.flavours.ghcr import Ghcr
from registry_assets.registry.flavours.private import Private
from registry_assets.registry.layout import Layout
from registry_assets.registry.listing import Registry

Flavour = Callable[[Provider, Mapping[str, str]], Registry]


FLAVOURS: dict[str, Flavour] = {
    "private": Private,
    "oci-layout": Layout,
    "docker-hub": DockerHub,
    "ecr": open_ecr,
    "gcr": Gcr,
    "acr": Acr,
    "ghcr": Ghcr,
}
