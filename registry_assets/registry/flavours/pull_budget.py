"""Docker Hub's pull budget, https://docs.docker.com/docker-hub/usage/pulls/."""

from datetime import UTC, datetime, timedelta

from registry_assets.errors import BudgetSpent, RegistryError
from registry_assets.registry.answers import Response

# One pull in so many is left to the people and machines that share the budget.
RESERVE = 10


class PullBudget:
    """How many manifests may still be had, as `ratelimit-limit: 100;w=21600` and `ratelimit-remaining` tell.

    Pulls under way are counted as spent. Plans without a limit send no such headers.
    """

    def __init__(self) -> None:
        self.asked = False
        self.limit: int | None = None
        self.remaining: int | None = None
        self.window = 0

    @property
    def notes(self) -> dict[str, str | int]:
        if self.remaining is None or self.limit is None:
            return {}
        return {"pull_limit": self.limit, "pulls_remaining": self.remaining}

    def learn(self, response: Response) -> Response:
        self.asked = True
        self.limit, window = parse_limit(response.headers.get("ratelimit-limit", "")) or (self.limit, self.window)
        told = parse_limit(response.headers.get("ratelimit-remaining", ""))
        self.window = window
        if told:
            self.remaining = min(told[0], self.remaining if self.remaining is not None else told[0])
        return response

    def spend(self) -> None:
        """Counts one pull; `BudgetSpent` where it would take what is reserved for others."""
        if self.remaining is None:
            return
        if self.remaining <= (self.limit or 0) // RESERVE:
            raise self.spent()
        self.remaining -= 1

    def spent(self, error: RegistryError | None = None) -> BudgetSpent:
        """The error that says when to come back."""
        detail = f"{self.remaining} of {self.limit} pulls are left, which are kept for others"
        if error or self.remaining is None:
            detail = f"no pull is left ({error.detail if error else ''})"
        back = datetime.now(UTC) + timedelta(seconds=self.window)
        when = f"; come back at {back:%Y-%m-%d %H:%M} UTC, or earlier as older pulls expire" if self.window else ""
        return BudgetSpent(
            f"Docker Hub's pull budget is used up: {detail}{when}", status=error.status if error else None
        )


def parse_limit(text: str) -> tuple[int, int] | None:
    """`20;w=21600` → (20, 21600): so many per so many seconds."""
    count, _, window = text.partition(";w=")
    return (int(count), int(window) if window.isdecimal() else 0) if count.isdecimal() else None
