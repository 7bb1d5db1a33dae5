"""No secret of the file or the environment comes out in an error, a text form or a dump."""

import traceback
from pathlib import Path

import pytest

from registry_assets.errors import ConfigurationError
from registry_assets.providers.file import load_configuration
from registry_assets.providers.variables import resolve
from registry_assets_tests.providers.reading import private, problems_of

SECRET = "hunter2"


@pytest.mark.parametrize(
    "lines",
    [
        ["password: hunter2"],
        ["password: [hunter2]"],
        ["password: {hunter2: hunter2}"],
        ["password: *hunter2"],
        ["password: &hunter2 x", "username: &hunter2 y"],
        ["password: !hunter2 x"],
        ["password: !hun!ter2 hunter2"],
        ["password: %hunter2"],
        ["password: @hunter2"],
        ["password: 'hunter2"],
        ['password: "hunter2\\q"'],
        ["password: hunter2: x"],
        ["password: ${hunter2"],
        ["password: ${hunter2 }"],
        ["password:hunter2: x"],
        ["password:hunter2"],
        ["{username: x, password:hunter2}"],
        ["token: hunter2 hunter2"],
        ["token: hunter2", "password: hunter2"],
        ["username: hunter2"],
        ["api_url: https://user:hunter2@r.test"],
        ["api_url: https://r.test?password=hunter2"],
        ["api_url: hunter2"],
        ["api_url: 'https://r.test:hunter2'"],
        ["token: x", "token: hunter2"],
        ["passwrd: hunter2"],
    ],
)
def test_no_fault_quotes_a_secret(lines: list[str]) -> None:
    head = "providers:\n  - name: x\n    config:\n      registry_type: private\n"
    text = head + "".join(f"      {line}\n" for line in lines)
    assert SECRET not in "\n".join(map(str, problems_of(text)))


def test_no_text_form_of_a_provider_shows_its_secrets() -> None:
    provider = private(username="u", password=SECRET)
    resolved = resolve(private(token="${TOKEN}"), {"TOKEN": SECRET})
    for each in (provider, resolved, provider.config, resolved.config, provider.model_copy()):
        for text in (repr(each), str(each), f"{each}", each.model_dump_json(), repr(each.model_dump())):
            assert SECRET not in text


def test_no_traceback_of_a_faulty_file_shows_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "providers.yaml"
    path.write_text("providers:\n  - name: x\n    config: {password: hunter2, timeout: no}\n")
    with pytest.raises(ConfigurationError) as raised:
        load_configuration(path)
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_no_traceback_of_an_unresolved_provider_shows_a_secret() -> None:
    with pytest.raises(ConfigurationError) as raised:
        resolve(private(timeout="${TOKEN}", username="u", password="p", token="${TOKEN}"), {"TOKEN": SECRET})
    assert SECRET not in "".join(traceback.format_exception(raised.value))
