"""What may stand in `api_url`."""

from urllib.parse import urlsplit

_EXAMPLE = "must be a URL such as https://registry.company.com"


def url_problem(text: str) -> str | None:
    """What is wrong with the URL, never quoting it: it may hold a password."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return f"{_EXAMPLE}, with a valid host and port"
    if any(not character.isprintable() or character.isspace() for character in text):
        return f"{_EXAMPLE}, without spaces"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return _EXAMPLE
    if "@" in parts.netloc:
        return "must not hold a user name or password; give `username` and `password` or `token`"
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        return "must not hold a query or fragment (`?` or `#`)"
    return None


def normalise_url(text: str) -> str:
    """The URL without a trailing `/` or `/v2`, scheme and host in lower case. A text that is no URL stays as it is."""
    if url_problem(text):
        return text
    parts = urlsplit(text)
    path = parts.path.rstrip("/").removesuffix("/v2").rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"
