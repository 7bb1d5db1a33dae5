"""What the documentation says is what the code does."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

import registry_assets
from registry_assets.cli.documentation import pages
from registry_assets.cli.main import app
from registry_assets.providers.file import project_folder

QUERIES = re.findall(
    r"^## (.+?)\n.*?```sql\n(.+?)```", (project_folder() / "docs/queries.md").read_text(), re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("path", pages())
def test_a_generated_page_is_up_to_date(path: str, project: Path) -> None:
    assert (project / path).read_text() == pages()[path], "run `make docs`"


def test_there_are_twenty_questions() -> None:
    assert len(QUERIES) >= 20


@pytest.mark.parametrize(("question", "sql"), QUERIES, ids=[question[:40] for question, _ in QUERIES])
def test_a_documented_query_runs(question: str, sql: str, from_sample: Path) -> None:
    rows = registry_assets.sql(sql)
    assert len(rows.columns) > 0


EMPTY_ON_THE_SAMPLE = ("3.", "8.", "10.", "17.")


@pytest.mark.parametrize(
    ("question", "sql"),
    [(question, sql) for question, sql in QUERIES if not question.startswith(EMPTY_ON_THE_SAMPLE)],
)
def test_a_documented_query_has_an_answer_on_the_sample(question: str, sql: str, from_sample: Path) -> None:
    assert len(registry_assets.sql(sql)) > 0


def test_every_command_is_in_the_readme(project: Path) -> None:
    readme = (project / "README.md").read_text()
    commands = getattr(get_command(app), "commands")  # noqa: B009 - a group has commands, its base has not
    missing = [name for name in commands if f"registry-assets {name}" not in readme and name != "demo"]
    assert missing == []


def test_every_page_that_the_readme_links_exists(project: Path) -> None:
    linked = re.findall(r"\]\(([^)#:]+)\)", (project / "README.md").read_text())
    assert [path for path in linked if not (project / path).exists()] == []
