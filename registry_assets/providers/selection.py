"""Which repositories and tags a provider's selectors take, and why."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from registry_assets.oci.reference import is_referrer_tag
from registry_assets.providers.models import Provider, Selector
from registry_assets.providers.patterns import Pattern, compile_pattern, literal_names
from registry_assets.providers.registry_types import REGISTRY_TYPES
from registry_assets.providers.tag_order import TagName, order_tags

__all__ = ["Selection", "TagChoice", "TagName", "split_name"]

_EXACT_TAG = re.compile(r"[A-Za-z0-9_.-]+")


def split_name(full_name: str) -> tuple[str, str]:
    """`library/nginx` → (`library`, `nginx`); `a/team/api` → (`a`, `team/api`); `web` → (``, `web`)."""
    namespace, slash, name = full_name.partition("/")
    return (namespace, name) if slash else ("", full_name)


def is_exact_tag(entry: str) -> bool:
    """Whether an entry of `include_tags` is that exact tag rather than a pattern."""
    return _EXACT_TAG.fullmatch(entry) is not None


class TagChoice(NamedTuple):
    """The selected tags, newest first; how many tags there are (without referrer tags); whether `max_tags` cut any."""

    selected: tuple[str, ...]
    total: int
    truncated: bool
    order: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector, compiled. `names` and `namespaces` are the literals that its patterns spell out."""

    title: str
    selector: Selector
    namespace: Pattern
    repository: Pattern
    exact_tags: frozenset[str]
    include: tuple[Pattern, ...]
    exclude: tuple[Pattern, ...]
    namespaces: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, selector: Selector, index: int) -> Self:
        return cls(
            title=f"selectors[{index}]",
            selector=selector,
            namespace=compile_pattern(selector.namespace_pattern, ignore_case=True),
            repository=compile_pattern(selector.repository_pattern, ignore_case=True),
            exact_tags=frozenset(filter(is_exact_tag, selector.include_tags)),
            include=tuple(compile_pattern(entry) for entry in selector.include_tags if not is_exact_tag(entry)),
            exclude=tuple(compile_pattern(entry) for entry in selector.exclude_tags),
            namespaces=literal_names(selector.namespace_pattern),
            names=literal_names(selector.repository_pattern),
        )

    def takes(self, repository: str) -> bool:
        namespace, name = split_name(repository)
        return self.namespace.matches(namespace) and (
            self.repository.matches(name) or self.repository.matches(repository)
        )

    def excluding(self, tag: str) -> Pattern | None:
        """The entry of `exclude_tags` that leaves `tag` out."""
        return next((pattern for pattern in self.exclude if pattern.matches(tag)), None)

    def includes(self, tag: str) -> bool:
        named = bool(self.exact_tags or self.include)
        return not named or tag in self.exact_tags or any(pattern.matches(tag) for pattern in self.include)

    def accepts(self, tag: str) -> bool:
        return self.includes(tag) and self.excluding(tag) is None

    def named_repositories(self, implied_namespace: str) -> Iterator[str]:
        """The full names that the patterns spell out; a name of one part belongs to the implied namespace."""
        for name in self.names:
            for full_name in self._full_names(name, implied_namespace):
                if name and self.takes(full_name):
                    yield full_name

    def _full_names(self, name: str, implied_namespace: str) -> list[str]:
        # Under its own namespace `myorg/app` means just that, not `myorg/myorg/app`.
        if "/" in name and (not self.namespaces or split_name(name)[0] in self.namespaces):
            return [name]
        return [f"{namespace}/{name}" if namespace else name for namespace in self.namespaces or (implied_namespace,)]

    @property
    def is_fully_named(self) -> bool:
        return bool(self.names and self.namespaces)

    def has_enough(self, tags: Sequence[str], *, newest_first: bool) -> bool:
        """Whether no tag beyond these can be chosen."""
        accepted = {tag for tag in tags if self.accepts(tag)}
        if self.exact_tags and not self.include:
            wanted = {tag for tag in self.exact_tags if self.accepts(tag)}
            if wanted <= accepted:
                return True
        return newest_first and 0 < self.selector.max_tags <= len(accepted)


class Selection:
    """A provider's selectors, compiled once for a crawl.

    `named_repositories` are the full names that selectors or `repositories` spell out: what can be asked for where
    there is no catalog. `fully_named` holds where nothing else can match. `named_namespaces` are the literal namespaces
    of the selectors that leave the repository open; `namespaces_named` holds where there are no others to look for.
    """

    def __init__(
        self,
        selectors: Sequence[Selector],
        *,
        repositories: Sequence[str] = (),
        implied_namespace: str = "",
        tag_order: str = "auto",
    ) -> None:
        self._rules = tuple(Rule.of(selector, index) for index, selector in enumerate(selectors))
        self._tag_order = tag_order
        listed = {
            f"{implied_namespace}/{name}" if implied_namespace and "/" not in name else name for name in repositories
        }
        spelled_out = {name for rule in self._rules for name in rule.named_repositories(implied_namespace)}
        self.named_repositories = frozenset(spelled_out | {name for name in listed if self._rules_for(name)})
        self._only_named = bool(listed)
        self.fully_named = self._only_named or all(rule.is_fully_named for rule in self._rules)
        open_rules = [] if self._only_named else [rule for rule in self._rules if not rule.is_fully_named]
        self.named_namespaces = frozenset(namespace for rule in open_rules for namespace in rule.namespaces)
        self.namespaces_named = all(rule.namespaces for rule in open_rules)

    @classmethod
    def of(cls, provider: Provider) -> Self:
        """The selection of a resolved provider."""
        config = provider.config
        return cls(
            config.selectors,
            repositories=config.repositories,
            implied_namespace=REGISTRY_TYPES[config.registry_type].implied_namespace,
            tag_order=config.tag_order,
        )

    def _rules_for(self, repository: str) -> list[Rule]:
        return [rule for rule in self._rules if rule.takes(repository)]

    def wants(self, repository: str) -> bool:
        """Whether a selector takes the repository of this full name."""
        if self._only_named and repository not in self.named_repositories:
            return False
        return any(rule.takes(repository) for rule in self._rules)

    def explain(self, repository: str) -> str:
        """One sentence: which selector takes the repository, or by which rule it is left out."""
        if self._only_named and repository not in self.named_repositories:
            return f"`{repository}` is left out: `repositories` is given and does not name it, nor does a selector."
        rules = self._rules_for(repository)
        if rules:
            return f"`{repository}` is taken by {' and '.join(rule.title for rule in rules)}."
        namespace, name = split_name(repository)
        near = next((rule for rule in self._rules if rule.namespace.matches(namespace)), None)
        if near is None:
            return f"`{repository}` is left out: no selector's namespace_pattern matches its namespace `{namespace}`."
        return (
            f"`{repository}` is left out: {near.title} matches its namespace `{namespace}`, but its repository_pattern"
            f" `{near.repository.source}` does not match its name `{name}`."
        )

    def choose_tags(self, repository: str, tags: Sequence[TagName], order: str | None = None) -> TagChoice:
        """The union of what each matching selector takes: filtered first, then its newest `max_tags`.

        `order` is one of `TAG_ORDERS`, by default the provider's own.
        """
        listed: dict[str, TagName] = {}
        for name in tags:
            if not is_referrer_tag(name.tag):
                listed.setdefault(name.tag, name)
        ordered, used = order_tags(list(listed.values()), order or self._tag_order)
        passed: set[str] = set()
        chosen: set[str] = set()
        for rule in self._rules_for(repository):
            accepted = [tag for tag in ordered if rule.accepts(tag)]
            passed.update(accepted)
            chosen.update(accepted[: rule.selector.max_tags or None])
        return TagChoice(tuple(tag for tag in ordered if tag in chosen), len(ordered), len(passed) > len(chosen), used)

    def enough_tags(self, repository: str, tags: Sequence[str]) -> bool:
        """Whether a listing that comes newest first by push time can stop after `tags`: no further page adds to it."""
        newest_first = self._tag_order != "semver"
        seen = [tag for tag in tags if not is_referrer_tag(tag)]
        return all(rule.has_enough(seen, newest_first=newest_first) for rule in self._rules_for(repository))

    def explain_tag(self, repository: str, tag: str) -> str:
        """One sentence: which selector's filters `tag` passes, or which filter leaves it out."""
        if is_referrer_tag(tag):
            return f"`{tag}` is left out: it is a referrer tag, which belongs to another manifest."
        rules = self._rules_for(repository)
        if not rules:
            return f"`{tag}` is left out with its repository: {self.explain(repository)}"
        passing = [rule for rule in rules if rule.accepts(tag)]
        if passing:
            return f"`{tag}` passes {' and '.join(_passed(rule) for rule in passing)}."
        return f"`{tag}` is left out: {'; '.join(_refused(rule, tag) for rule in rules)}."


def _passed(rule: Rule) -> str:
    limit = rule.selector.max_tags
    return f"{rule.title}, which takes the newest {limit}" if limit else f"{rule.title}, which takes all"


def _refused(rule: Rule, tag: str) -> str:
    excluding = rule.excluding(tag)
    if excluding is not None:
        return f"exclude_tags of {rule.title} has `{excluding.source}`"
    return f"include_tags of {rule.title} does not name it"
