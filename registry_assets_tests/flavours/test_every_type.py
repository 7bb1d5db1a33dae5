"""One suite for all registry types: the same corpus gives the same tables, and each failure one line that helps."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from registry_assets_tests.flavours.cases import CASES, Answer, Case
from registry_assets_tests.flavours.corpus import Corpus, build_corpus, crowd
from registry_assets_tests.flavours.crawling import ALL, Crawler, Failure, expected_tables
from registry_assets_tests.flavours.fake import Account, Fake

Serve = Callable[[Fake], Fake]

every_type = pytest.mark.parametrize("case", CASES, ids=str)
every_vendor = pytest.mark.parametrize("case", [case for case in CASES if case.wrong_type], ids=str)
CHART = [{"namespace_pattern": "acme", "repository_pattern": "chart"}]


@pytest.fixture
def corpus() -> Corpus:
    return build_corpus()


def assert_answers(failures: list[Failure], expected: Answer, *secrets: str) -> None:
    """Exactly one failure, told in one line each for what is wrong and what to do, without a secret."""
    (failure,) = failures
    text = f"{failure.message} / {failure.advice}"
    assert expected.says in failure.message
    assert expected.advises in failure.advice
    assert "\n" not in text
    assert not [secret for secret in secrets if secret in text]


@every_type
def test_the_same_corpus_gives_the_same_tables(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(case.fake(corpus, case.account))
    crawler = Crawler(tmp_path, case.provider_options(fake, case.account))
    crawled = crawler.crawl()
    assert [stage.stage for stage in crawled.crawl.stages if not stage.complete] == []
    assert crawler.tables() == expected_tables(crawler, corpus)


@every_type
def test_tokens_that_expire_in_the_middle_are_renewed(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(case.fake(corpus, case.account, expire_every=7))
    crawler = Crawler(tmp_path, case.provider_options(fake, case.account, concurrency=1))
    assert crawler.failures() == []
    assert crawler.tables() == expected_tables(crawler, corpus)
    assert fake.expired


@every_type
def test_more_repositories_than_a_page_are_all_listed(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    crowd(corpus)
    fake = serve(case.fake(corpus, case.account))
    crawler = Crawler(tmp_path, case.provider_options(fake, case.account, selectors=[{"namespace_pattern": "crowd"}]))
    assert crawler.failures() == []
    assert len(crawler.tables()["repositories"]) == 103


@every_type
def test_a_poll_without_changes_keeps_to_its_budget(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(case.fake(corpus, case.account))
    crawler = Crawler(tmp_path, case.provider_options(fake, case.account))
    crawler.crawl()
    fake.forget_log()
    again = crawler.crawl()
    assert not again.applied.changed
    assert len(fake.asked("/manifests/", "HEAD")) == case.heads
    assert fake.asked("/manifests/", "GET") == fake.asked("/blobs/") == []
    assert len(fake.log) == case.poll
    assert sum(stage.requests for stage in again.crawl.stages) == case.poll


@every_type
def test_each_content_is_fetched_once_ever(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(case.fake(corpus, case.account))
    crawler = Crawler(tmp_path, case.provider_options(fake, case.account))
    crawler.crawl()
    corpus.repositories["acme/api"].push("3.0", corpus.image("api 3.0"), day=200)
    crawler.crawl()
    contents = [
        asked.path.rpartition("/")[2] for asked in fake.asked("/(manifests|blobs)/", "GET") if asked.status < 400
    ]
    assert len(contents) == len(set(contents))
    assert crawler.tables() == expected_tables(crawler, corpus)


@every_type
def test_the_newest_tags_cost_no_more_pages_than_they_must(
    case: Case, corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    fake = serve(case.fake(corpus, case.account))
    web = [{"namespace_pattern": "acme", "repository_pattern": "web", "exclude_tags": ["stable"], "max_tags": 5}]
    crawler = Crawler(tmp_path, case.provider_options(fake, case.account, selectors=web))
    assert crawler.failures() == []
    assert {tag for _, tag, _ in crawler.tables()["tags"]} == {"latest", *(f"1.{n}" for n in range(126, 130))}
    pages = fake.asked(
        "acme/web/tags/list|web/tags$|web/versions|web/artifacts|web/tag/$|web/_tags$|DescribeImages/acme/web$"
    )
    assert len([page for page in pages if page.status == 200]) == case.newest_pages
    ((truncated, order),) = crawler.rows("SELECT tags_truncated, tag_order FROM repositories")
    assert truncated
    assert order == ("semver" if case.heads else "pushed")


@every_type
def test_a_wrong_password_is_told_in_one_line(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(case.fake(corpus, case.account))
    wrong = replace(case.account, secret="ghp_not-the-right-secret")
    crawler = Crawler(tmp_path, case.provider_options(fake, wrong))
    assert_answers(crawler.failures(), case.wrong_password, wrong.secret)


@every_type
def test_a_missing_right_is_told_in_one_line(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(case.fake(corpus, case.weak))
    crawler = Crawler(tmp_path, case.provider_options(fake, case.weak, selectors=CHART))
    assert_answers(crawler.failures(), case.missing_scope, case.weak.secret)


@every_type
def test_without_the_right_to_list_the_answer_is_to_name(
    case: Case, corpus: Corpus, serve: Serve, tmp_path: Path
) -> None:
    accounts = [case.unlisted] if case.unlisted else []
    fake = serve(case.fake(corpus, *accounts))
    crawler = Crawler(tmp_path, case.provider_options(fake, case.unlisted, selectors=[{}]))
    assert_answers(crawler.failures(), case.no_catalog, *(account.secret for account in accounts))


@every_type
def test_what_is_named_needs_no_right_to_list(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(case.fake(corpus, *([case.puller] if case.puller else [])))
    named = [{"namespace_pattern": "acme", "repository_pattern": "^(web|api)$", "max_tags": 2}]
    crawler = Crawler(tmp_path, case.provider_options(fake, case.puller, selectors=named))
    assert crawler.failures() == []
    assert {name for name, _, _ in crawler.tables()["repositories"]} == {"acme/web", "acme/api"}


@every_vendor
def test_the_wrong_registry_type_is_told_in_one_line(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    """What answers here is a plain registry, not the one of this type."""
    account = Account(case.account.username, case.account.secret, namespaces=case.account.namespaces)
    plain = serve(Fake(corpus, account))
    crawler = Crawler(tmp_path, case.provider_options(plain, account, selectors=ALL))
    assert case.wrong_type
    assert_answers(crawler.failures(), case.wrong_type, account.secret)
    plain.violations.clear()


@every_type
def test_the_registry_itself_is_described(case: Case, corpus: Corpus, serve: Serve, tmp_path: Path) -> None:
    fake = serve(case.fake(corpus, case.account))
    crawler = Crawler(tmp_path, case.provider_options(fake, case.account))
    crawler.crawl(until="registries")
    assert crawler.rows("SELECT name, url, public, registry_type FROM registries") == {
        (case.title or "tested", fake.url, case.public, case.registry_type)
    }
