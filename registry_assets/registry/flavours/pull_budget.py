"""Docker Hub's pull budget, https://docs.docker.com/docker-hub/usage/pulls/."""

from datetime import UTC, datetime, timedelta

from registry_assets.errors import BudgetSpent
from registry_assets.registry.answers import Response

# One pull in so many is left to the people and machines that share the budget.
RESERVE = 10


class PullBudget:
    """How many manifests may still be had, as `ratelimit-limit: 100;w=21600` and `ratelimit-remaining` tell.

    Pulls under way are counted as spent. Plans without a limit send no such headers. What is told goes to `allowances`.
    """

    def __init__(self, allowances: dict[str, int]) -> None:
        self._allowances = allowances
        self.asked = False
        self.limit: int | None = None
        self.remaining: int | None = None
        self.window = 0
        self._refusal: BudgetSpent | None = None

    def learn(self, response: Response) -> Response:
        """Takes what an answer tells, and gives the answer back."""
        self.asked = True
        self.limit, window = parse_limit(response.headers.get("ratelimit-limit", "")) or (self.limit, self.window)
        told = parse_limit(response.headers.get("ratelimit-remaining", ""))
        self.window = window
        if told:
            self.remaining = min(told[0], self.remaining if self.remaining is not None else told[0])
            self._allowances.update(pull_limit=self.limit or 0, pulls_remaining=self.remaining)
        return response

    def spend(self) -> None:
        """Counts one pull; `BudgetSpent` where it would take what is reserved for others."""
        if self._refusal:
            raise self._refusal
        if self.remaining is None:
            return
        if self.remaining <= (self.limit or 0) // RESERVE:
            raise self.end(f"{self.remaining} of {self.limit} pulls are left, which are kept for others")
        self.remaining -= 1

    def end(self, reason: str, status: int | None = None) -> BudgetSpent:
        """The error that says when to come back; from now on the answer to every pull."""
        back = datetime.now(UTC) + timedelta(seconds=self.window)
        when = f"; come back at {back:%Y-%m-%d %H:%M} UTC, or earlier as older pulls expire" if self.window else ""
        self._refusal = BudgetSpent(f"Docker Hub's pull budget is used up: {reason}{when}", status=status)
        return self._refusal


def parse_limit(text: str) -> tuple[int, int] | None:
    """`20;w=21600` → (20, 21600): so many per so many seconds."""
    count, _, window = text.partition(";w=")
    return (int(count), int(window) if window.isdecimal() else 0) if count.isdecimal() else None
