"""Who asks a registry."""

from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks.

    `password`: a user name with a secret, for Basic or to exchange for a token, whatever the vendor calls the secret.
    `token`: a Bearer token, sent as it is. `identity`: a refresh token, as `docker login` keeps it. `none`: anonymous.
    `source` says for messages where they are from.
    """

    kind: Literal["none", "password", "token", "identity"] = "none"
    username: str | None = None
    secret: SecretStr | None = None
    source: str = ""


ANONYMOUS = Credentials()
