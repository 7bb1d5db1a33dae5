"""Where credentials may go: to the registry, and to a token server that is the registry's own."""

from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from registry_assets.errors import Untrusted
from registry_assets.registry.origin import is_local, leads_inward, parse_address, shown

TOKEN_HOSTS_VARIABLE = "REGISTRY_TOKEN_HOSTS"  # noqa: S105 - the name of a variable
# Domains below which strangers rent names: being neighbours there means nothing.
SHARED_DOMAINS = frozenset(
    {
        "amazonaws.com", "appspot.com", "azurecr.io", "azurecr.cn", "azurecr.us", "azurewebsites.net", "cloudapp.net",
        "cloudfront.net", "fly.dev", "github.io", "gitlab.io", "herokuapp.com", "netlify.app", "ngrok.app", "ngrok.io",
        "onrender.com", "pages.dev", "pkg.dev", "run.app", "vercel.app", "windows.net", "workers.dev",
    }
)  # fmt: skip
# Second labels under which a country registers names: `co.uk`, `com.au`.
COUNTRY_LABELS = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "gv", "mil", "ne", "net", "or", "org"})


@dataclass(frozen=True, slots=True)
class Trust:
    """Decides for one registry which token server it may name; `hosts` are allowed besides its own."""

    registry: httpx.URL
    hosts: frozenset[str] = frozenset()

    def check(self, realm: httpx.URL) -> None:
        """Raises `Untrusted` where credentials must not go to `realm`."""
        if realm.scheme not in ("https", self.registry.scheme):
            raise self._refuse(realm, "over plain http, though the registry itself is asked over https")
        if leads_inward(self.registry.host, realm.host):
            raise self._refuse(realm, "on this machine's own network")
        if not self._is_own(realm.host):
            raise self._refuse(
                realm,
                "on a host that is not the registry's own",
                f"If {realm.host} is where this registry gives out tokens, name it in {TOKEN_HOSTS_VARIABLE}.",
            )

    def _is_own(self, host: str) -> bool:
        own = self.registry.host
        if host == own or host in self.hosts or is_local(host):
            return True
        parent = parent_domain(own)
        return parent is not None and (host == parent or host.endswith(f".{parent}"))

    def _refuse(self, realm: httpx.URL, why: str, advice: str | None = None) -> Untrusted:
        return Untrusted(
            f"the registry asks to send credentials to {shown(realm)}, {why}", url=shown(self.registry), advice=advice
        )


def parent_domain(host: str) -> str | None:
    """`registry.company.com` → `company.com`; None for an address, or where the parent is no one company's."""
    parent = host.rstrip(".").partition(".")[2]
    labels = parent.split(".")
    if len(labels) < 2 or parse_address(host) or parent in SHARED_DOMAINS:
        return None
    if any(parent.endswith(f".{shared}") for shared in SHARED_DOMAINS):
        return None
    is_country = len(labels) == 2 and len(labels[1]) == 2 and labels[0] in COUNTRY_LABELS
    return None if is_country else parent


def named_hosts(text: str) -> Iterable[str]:
    """The hosts of a comma-separated list."""
    return (host for host in (part.strip().lower() for part in text.split(",")) if host)
