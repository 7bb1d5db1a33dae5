"""The credentials that a provider gives, as its registry's vendor means them."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from registry_assets.providers.docker_config import docker_credentials
from registry_assets.providers.identity import ANONYMOUS, Credentials
from registry_assets.providers.models import REGISTRY_TYPES, Provider

__all__ = ["ANONYMOUS", "Credentials", "docker_credentials", "explicit_credentials", "find_credentials"]


def explicit_credentials(provider: Provider) -> Credentials | None:
    """What the (resolved) provider's `username`, `password` and `token` mean; null where it gives none."""
    config = provider.config
    secret = config.password or config.token
    if secret is None:
        return None
    source = f"provider {provider.name}"
    username = config.username or REGISTRY_TYPES[config.registry_type].token_username
    return Credentials("password" if username else "token", username, secret, source)


def find_credentials(provider: Provider, environment: Mapping[str, str] = os.environ) -> Credentials:
    """The provider's own credentials, else Docker's for its host, else anonymous. Clouds' own chains are asked between.

    Raises `ConfigurationError` where Docker's configuration is broken.
    """
    if REGISTRY_TYPES[provider.config.registry_type].is_directory:
        return ANONYMOUS
    host = urlsplit(provider.config.api_url).netloc
    return explicit_credentials(provider) or docker_credentials(host, environment) or ANONYMOUS
