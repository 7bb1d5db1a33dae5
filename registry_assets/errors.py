"""Everything that can go wrong, as one tree. Each class says in one line what its reader should do.

RegistryAssetsError
├── ConfigurationError          providers.yaml or an option is wrong
│   └── MissingExtra            an optional package is not installed
├── MalformedDocument           bytes that are not the document they claim to be
├── RegistryError               a registry was asked and gave no usable answer
│   ├── NothingThere            404: it does not exist
│   ├── NotAllowed              401, 403: it may exist, the credentials do not reach it
│   │   └── CredentialsRejected the credentials themselves were refused
│   ├── NotSupported            this registry does not offer this
│   ├── DidNotAnswer            timeout, broken connection, 5xx
│   │   └── RateLimited         429, also after waiting
│   │       └── BudgetSpent     no more content for now; listings still answer
│   ├── Untrusted               credentials or a request would go where they must not
│   └── BrokenAnswer            an answer that breaks the specification
│       ├── DigestMismatch      the content is not what its digest says
│       └── TooLarge            a body beyond what such a document may have
└── WarehouseError              the database files cannot be used
    ├── WarehouseBusy           another process holds the lock for too long
    ├── WarehouseUnreadable     damaged, or no database at all
    ├── WarehouseNewer          written by a newer version of this project
    └── StatementRejected       an SQL statement that DuckDB does not take
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class RegistryAssetsError(Exception):
    """Base of all errors that this project raises on purpose."""

    advice: ClassVar[str] = "Run the command again; if it fails again, report it with this message."


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file: where (a path such as `providers[0].config.timeout`, a line) and what."""

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: {self.path}" if self.line else self.path
        return f"{where}: {self.message}" if where else self.message


class ConfigurationError(RegistryAssetsError):
    """The configuration is wrong; `problems` holds every fault found, not only the first."""

    advice = "Correct the named options in the providers file, or set the variables that they name."

    def __init__(self, problems: Iterable[Problem] | str, source: str = "") -> None:
        self.problems = [Problem("", problems)] if isinstance(problems, str) else list(problems)
        self.source = source
        super().__init__("\n".join([*([source] if source else []), *(str(problem) for problem in self.problems)]))


class MissingExtra(ConfigurationError):
    """A cloud's own credentials need a package that is not installed."""

    advice = "Install the named extra, or give the provider explicit credentials."


class MalformedDocument(RegistryAssetsError):
    """The bytes are not the document that they claim to be."""

    advice = "Push the image again; a registry may have stored it damaged."


class RegistryError(RegistryAssetsError):
    """A registry gave no usable answer. Carries what was asked; `url` never holds a secret.

    `code` is the registry's own error code (`NAME_UNKNOWN`, …), '' where it gave none.
    """

    def __init__(
        self,
        detail: str,
        *,
        provider: str = "",
        method: str = "",
        url: str = "",
        status: int | None = None,
        code: str = "",
        advice: str | None = None,
    ) -> None:
        self.detail, self.provider, self.method, self.url, self.status = detail, provider, method, url, status
        self.code, self.specific_advice = code, advice
        asked = f" ({method} {url})" if url else ""
        super().__init__(f"{f'{status}: ' if status else ''}{detail}{asked}")


class NothingThere(RegistryError):
    """What was asked for does not exist."""

    advice = "Check the name; if it was deleted on purpose, the next complete crawl records that."


class NotAllowed(RegistryError):
    """It may exist, but these credentials do not reach it."""

    advice = "Give the credentials the right to read this, or name only repositories that they can read."


class CredentialsRejected(NotAllowed):
    """The registry refused the credentials themselves."""

    advice = "Verify the credentials are correct and have not expired."


class NotSupported(RegistryError):
    """The registry does not offer this."""

    advice = "Name the repositories in `repositories`, or literally in `repository_pattern`."


class DidNotAnswer(RegistryError):
    """No answer came, or the registry said that it failed."""

    advice = "Check that api_url is reachable from here; the next crawl tries again by itself."


class RateLimited(DidNotAnswer):
    """The registry asks for fewer requests than the crawl needs."""

    advice = "Increase `every`, reduce `max_tags`, authenticate for higher limits, or use more specific selectors."


class BudgetSpent(RateLimited):
    """What this registry gives of its content per day or hour is used up; its listings still answer."""

    advice = (
        "Come back when the message says, or authenticate with a plan that has a higher limit; what is known stands."
    )


class Untrusted(RegistryError):
    """Credentials or a request would have gone where they must not."""

    advice = "Check api_url and its scheme; a registry may send credentials only to itself or to its own token server."


class BrokenAnswer(RegistryError):
    """The answer breaks the specification."""

    advice = "Check that api_url is a registry and registry_type is the right one."


class DigestMismatch(BrokenAnswer):
    """The content is not what its digest says."""

    advice = "Something between here and the registry changes content, or it is stored damaged: push the image again."


class TooLarge(BrokenAnswer):
    """The body is beyond what such a document may have."""

    advice = "The document is not stored; nothing else is affected."


class WarehouseError(RegistryAssetsError):
    """The database files cannot be used."""

    advice = "Check that the data directory exists, is writable and has free space."


class WarehouseBusy(WarehouseError):
    """Another process holds the warehouse's lock for too long."""

    advice = "Wait for the other run to finish, then run this again."


class WarehouseUnreadable(WarehouseError):
    """The file is damaged, or is no database at all. It was not touched."""

    advice = "Restore the file from a backup, or move it away: the next crawl builds a new one."


class WarehouseNewer(WarehouseError):
    """The file was written by a newer version of this project. It was not touched."""

    advice = "Upgrade this project to the version that wrote the file."


class StatementRejected(WarehouseError):
    """DuckDB does not take the SQL statement."""

    advice = "Correct the statement; docs/tables.md names every table and column."


def advice_for(error: BaseException) -> str:
    """The one line that tells what to do about `error`: the occasion's own advice, else its class's."""
    specific: str | None = getattr(error, "specific_advice", None)
    general: str = getattr(error, "advice", RegistryAssetsError.advice)
    return specific or general
