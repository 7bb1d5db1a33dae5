"""Registries: one client for all, and what each registry type makes of it."""

import os
from collections.abc import Mapping

from registry_assets.providers.models import Provider
from registry_assets.registry.flavours import FLAVOURS
from registry_assets.registry.listing import Registry

__all__ = ["open_registry"]


def open_registry(provider: Provider, environment: Mapping[str, str] = os.environ) -> Registry:
    """The registry of a resolved provider, to be closed by the caller.

    Sends nothing yet. Raises `ConfigurationError` for options that cannot be used (a missing directory or CA file).
    """
    return FLAVOURS[provider.config.registry_type](provider, environment)
