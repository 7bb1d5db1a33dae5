"""Where the configuration is, and whether it is still what was loaded."""

import hashlib
from pathlib import Path

import pytest

from registry_assets.errors import ConfigurationError
from registry_assets.providers.file import (
    data_dir,
    fingerprint_of,
    load_configuration,
    project_folder,
    providers_path,
)
from registry_assets_tests.providers.reading import ONE, config


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file") as raised:
        load_configuration(tmp_path / "absent.yaml")
    assert raised.value.source == str(tmp_path / "absent.yaml")


def test_a_folder_is_no_providers_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_configuration(tmp_path)


def test_problems_carry_the_file_and_every_line(tmp_path: Path) -> None:
    path = tmp_path / "providers.yaml"
    path.write_text(config("timeout: 0", "usrname: x"))
    with pytest.raises(ConfigurationError) as raised:
        load_configuration(path)
    lines = str(raised.value).splitlines()
    assert lines[0] == str(path)
    assert lines[1].startswith("line 6: providers[0].config.timeout: must be a whole number")
    assert lines[2].startswith("line 7: providers[0].config.usrname: is not an option")


def test_a_provider_is_found_by_name_or_the_names_are_told(tmp_path: Path) -> None:
    path = tmp_path / "providers.yaml"
    path.write_text(ONE)
    configuration = load_configuration(path)
    assert configuration.provider("one").slug == "one"
    with pytest.raises(ConfigurationError, match="there is no provider `two`; the file has one"):
        configuration.provider("two")


def test_the_fingerprint_tells_that_the_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "providers.yaml"
    path.write_text(ONE)
    configuration = load_configuration(path)
    assert configuration.fingerprint == hashlib.sha256(ONE.encode()).hexdigest() == fingerprint_of(path)
    assert configuration.is_current({})
    path.write_text(ONE + "\n")
    assert not configuration.is_current({})
    path.unlink()
    assert not configuration.is_current({})
    assert fingerprint_of(path) is None


def test_the_sample_is_current_until_a_file_is_named(tmp_path: Path) -> None:
    sample = load_configuration(project_folder() / "examples" / "sample-providers.yaml")
    assert sample.is_current({}) == (not (project_folder() / "providers.yaml").exists())
    assert not sample.is_current({"REGISTRY_PROVIDERS": str(tmp_path / "other.yaml")})


def test_the_bundled_sample_is_valid() -> None:
    (sample,) = load_configuration(project_folder() / "examples" / "sample-providers.yaml").providers
    assert (sample.name, sample.every, sample.config.registry_type) == ("sample", 300, "oci-layout")


def test_defaults_do_not_depend_on_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = {"REGISTRY_PROVIDERS": "providers.example.yaml"}
    monkeypatch.chdir(tmp_path)
    assert data_dir({}) == project_folder() / "data"
    assert providers_path(example) == project_folder() / "providers.example.yaml"
    assert providers_path({}).is_relative_to(project_folder())


def test_a_data_folder_that_is_named_is_taken_as_a_shell_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_dir({"REGISTRY_DATA_DIR": "elsewhere"}) == tmp_path / "elsewhere"


def test_a_providers_file_in_the_working_directory_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("providers.yaml", "mine.yaml"):
        (tmp_path / name).touch()
    assert providers_path({}) == tmp_path / "providers.yaml"
    assert providers_path({"REGISTRY_PROVIDERS": "mine.yaml"}) == tmp_path / "mine.yaml"


def test_a_named_file_that_is_missing_is_not_replaced_by_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert providers_path({"REGISTRY_PROVIDERS": str(path)}) == path
    assert data_dir({"REGISTRY_DATA_DIR": str(tmp_path)}) == tmp_path
