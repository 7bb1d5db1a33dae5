"""What vendors' JSON documents have in common."""

from typing import Any

from registry_assets.registry.answers import Response


def objects(response: Response) -> list[dict[str, Any]]:
    """The objects of an answer that is a list of them; null is an empty one. `BrokenAnswer` for anything else."""
    entries = response.json()
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise response.broken("the answer is no list of objects")
    return entries


def platform(image: dict[str, Any]) -> str | None:
    """`os/architecture[/variant]`; None for an attestation, which is listed as unknown/unknown."""
    parts = [image.get("os"), image.get("architecture"), image.get("variant")]
    named = [str(part) for part in parts if part]
    return "/".join(named) if len(named) > 1 and "unknown" not in named[:2] else None


def number(value: object) -> int | None:
    """A whole number, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
