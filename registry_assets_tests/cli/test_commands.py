"""Each command as a user types it."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from registry_assets.cli.configuration import complete_provider
from registry_assets_tests.cli.conftest import Run, run_command


def test_a_second_crawl_changes_nothing_and_says_so(run: Run) -> None:
    done = run("crawl", "sample")
    assert done.returncode == 0
    assert "0 changes" in done.stderr


@pytest.mark.parametrize("command", ["crawl", "preview", "check"])
def test_an_unknown_provider_is_the_users_mistake(run: Run, command: str) -> None:
    done = run(command, "smaple")
    assert done.returncode == 2
    assert "smaple" in done.stderr
    assert "sample" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_problem_of_a_file_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "providers.yaml").write_text(
        "providers:\n- name: a\n  config:\n    registry_tpye: private\n    timeout: soon\n- name: a\n  every: -1\n"
    )
    done = run_command(tmp_path, "check")
    assert done.returncode == 2
    assert all(word in done.stderr for word in ("registry_tpye", "timeout", "every", "line 4", "line 5"))
    assert "Traceback" not in done.stderr


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    (tmp_path / "providers.yaml").write_text(
        "providers: [{name: a, config: {registry_type: private, api_url: 'http://127.0.0.1:9', "
        "username: u, password: '${SESAME}'}}]"
    )
    assert run_command(tmp_path, "check").returncode == 0
    done = run_command(tmp_path, "crawl")
    assert done.returncode in {1, 2}
    assert "SESAME" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_registry_that_is_not_there_fails_the_crawl_with_advice(tmp_path: Path) -> None:
    (tmp_path / "providers.yaml").write_text(
        "providers: [{name: a, config: {registry_type: private, api_url: 'http://127.0.0.1:9', timeout: 1}}]"
    )
    done = run_command(tmp_path, "crawl")
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    online = run_command(tmp_path, "check", "--online")
    assert online.returncode == 1
    assert "→" in online.stdout


def test_check_online_asks_the_registry(run: Run) -> None:
    done = run("check", "--online")
    assert done.returncode == 0
    assert "✓ sample" in done.stdout


def test_preview_tells_what_is_taken_and_why_not(tmp_path: Path, project: Path) -> None:
    (tmp_path / "providers.yaml").write_text(
        f"providers: [{{name: s, config: {{registry_type: oci-layout, api_url: {project / 'examples/sample-registry'}, "
        "selectors: [{namespace_pattern: acme, repository_pattern: api, exclude_tags: ['.*[.].*']}]}}]"
    )
    done = run_command(tmp_path, "preview", "--json")
    (provider,) = json.loads(done.stdout)
    taken = {each["repository"]: each["taken"] for each in provider["repositories"]}
    assert taken["acme/api"]
    assert not taken["acme/worker"]
    tags = {
        tag["tag"]: tag["taken"]
        for each in provider["repositories"]
        if each["repository"] == "acme/api"
        for tag in each["tags"]
    }
    assert tags["latest"]
    assert not tags["1.4.0"]
    assert not (tmp_path / "data").exists()
    assert "+ acme/api" in run_command(tmp_path, "preview").stdout


def test_status_names_each_provider(run: Run) -> None:
    assert "sample" in run("status").stdout
    (provider,) = json.loads(run("status", "--json").stdout)["providers"]
    assert provider["provider"] == "sample"
    assert provider["stale"] is False


def test_sql_prints_a_table_json_and_csv(run: Run) -> None:
    statement = "SELECT repository, tag, size FROM images WHERE repository = 'acme/api' ORDER BY tag"
    assert "acme/api" in run("sql", statement).stdout
    rows = json.loads(run("sql", "--json", statement).stdout)
    assert [row["tag"] for row in csv.DictReader(io.StringIO(run("sql", "--csv", statement).stdout))] == [
        row["tag"] for row in rows
    ]
    assert rows


def test_a_wrong_statement_is_explained(run: Run) -> None:
    done = run("sql", "SELECT nothing FROM nowhere")
    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_sql_cannot_write(run: Run) -> None:
    done = run("sql", "DELETE FROM tags")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_forget_asks_first(tmp_path: Path) -> None:
    assert run_command(tmp_path, "crawl").returncode == 0
    assert run_command(tmp_path, "forget", "sample").returncode == 1
    assert "sample" in run_command(tmp_path, "status").stdout
    assert run_command(tmp_path, "forget", "sample", "--yes").returncode == 0
    assert run_command(tmp_path, "sql", "SELECT * FROM tags").stdout.strip() == "no rows"
    assert run_command(tmp_path, "forget", "sample", "--yes").returncode == 2


def test_a_command_before_the_first_crawl_says_so(tmp_path: Path) -> None:
    for command in (["status"], ["sql", "SELECT 1"], ["export", "jsonl"]):
        done = run_command(tmp_path, *command)
        assert done.returncode == 1
        assert "nothing has been crawled yet" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_demo_answers_three_questions(tmp_path: Path) -> None:
    done = run_command(tmp_path, "demo", "--no-ui")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("FROM") == 3
    assert "acme/api" in done.stdout


def test_help_loads_nothing_heavy() -> None:
    """Help is quick because neither Dagster, pandas, DuckDB nor an HTTP client is loaded for it."""
    code = "import sys, registry_assets.cli.main; print([m for m in ('dagster','pandas','duckdb','httpx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_status_names_providers_that_are_no_longer_configured(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "providers.yaml"
    file.write_text("providers: [{name: other, config: {registry_type: private, api_url: 'http://127.0.0.1:9'}}]")
    done = run("status", environment={"REGISTRY_PROVIDERS": str(file)})
    assert "registry-assets forget sample" in done.stdout
    assert "forget" not in run("status").stdout


def test_check_says_which_file_it_read(tmp_path: Path) -> None:
    file = tmp_path / "providers.yaml"
    file.write_text("providers: [{name: other, config: {registry_type: private, api_url: 'http://127.0.0.1:9'}}]")
    assert run_command(tmp_path, "check").stdout == f"{file} is valid: 1 provider\n"


def test_the_shell_completes_the_names_of_providers(from_sample: Path) -> None:
    assert complete_provider("sa") == ["sample"]
    assert complete_provider("x") == []
