"""What `make run` shows."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path


def test_the_demo_answers_questions_then_serves_a_user_interface_that_answers_until_ctrl_c(tmp_path: Path) -> None:
    """The address is printed when it answers, nothing else appears on the terminal, and Ctrl-C is no failure."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "DAGSTER_"))}
    demo = subprocess.Popen(
        [sys.executable, "-m", "registry_assets.cli.main", "demo"],
        env={**inherited, "REGISTRY_DATA_DIR": str(tmp_path), "DAGSTER_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert demo.stdout is not None
    try:
        lines = []
        for line in demo.stdout:
            lines.append(line)
            if found := re.search(r"answers at (http://127\.0\.0\.1:\d+)$", line):
                break
        else:
            raise AssertionError("".join(lines))
        with urllib.request.urlopen(f"{found[1]}/server_info", timeout=10) as answer:
            assert answer.status == 200
        demo.send_signal(signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(60) == 0
        assert "linux/amd64, linux/arm64/v8" in "".join(lines)
        assert not re.search(r"Warning|Traceback|temporary", "".join([*lines, rest])), rest
        assert rest.endswith("stopped\n")
    finally:
        demo.terminate()
        demo.wait(60)
        demo.stdout.close()


def test_a_crawl_that_is_incomplete_fails_the_demo(tmp_path: Path) -> None:
    (tmp_path / "providers.yaml").write_text(
        "providers: [{name: a, config: {registry_type: private, api_url: 'http://127.0.0.1:9', timeout: 1}}]"
    )
    done = subprocess.run(
        [sys.executable, "-m", "registry_assets.cli.main", "demo", "--no-ui"],
        cwd=tmp_path,
        env={**os.environ, "REGISTRY_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "no rows" in done.stdout
    assert "Traceback" not in done.stderr
