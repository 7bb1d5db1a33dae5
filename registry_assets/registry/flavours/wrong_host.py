"""Telling a vendor's API that refuses from a host that does not have this API at all."""

import json

from registry_assets.errors import NotSupported
from registry_assets.registry.answers import Response
from registry_assets.registry.origin import shown


def is_api_refusal(response: Response) -> bool:
    """Whether a refusal is a vendor's: JSON with `message` or `detail`, no registry's `errors`, no page."""
    try:
        document = json.loads(response.body)
    except ValueError:
        return False
    if not isinstance(document, dict) or "errors" in document:
        return False
    return "message" in document or "detail" in document


def wrong_host(response: Response, vendor: str, registry_type: str) -> NotSupported:
    """The error for a host that turns out to be somebody else."""
    return NotSupported(
        f"this host does not answer {vendor}'s API",
        method=response.method,
        url=shown(response.url),
        status=response.status,
        advice=f"registry_type {registry_type} is for {vendor} itself; a mirror or another registry is private.",
    )
