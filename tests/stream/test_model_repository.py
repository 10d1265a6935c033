"""The configurations of the served models are read by Triton's own schema and changed in place."""

from pathlib import Path

import pytest

from stream.model_repository import (
    CONFIG_FILE,
    MODEL_REPOSITORY,
    import_model_file,
    read_parameters,
    write_parameter,
)

MODELS = sorted(path.parent for path in MODEL_REPOSITORY.glob(f"*/{CONFIG_FILE}"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the folder of a model whose configuration has comments and two parameters."""
    (tmp_path / CONFIG_FILE).write_text(
        '# A comment.\nbackend: "python"\n'
        'parameters { key: "weights" value { string_value: "one" } }  # Another.\n'
        'parameters {\n  key: "display_name"\n  value { string_value: "A \\"fine\\" model" }\n}\n',
        encoding="utf-8",
    )
    return tmp_path


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_every_model_of_the_repository_has_parameters(folder: Path) -> None:
    """Each configuration is accepted by Triton's own schema."""
    assert read_parameters(folder)


def test_parameters_are_read_however_they_are_written(model: Path) -> None:
    """Line breaks and escaped quotation marks are read as Triton reads them."""
    assert read_parameters(model) == {"weights": "one", "display_name": 'A "fine" model'}


@pytest.mark.parametrize("value", ["two", 'with "quotes" and \\', "Ein schönes Modell", ""])
def test_a_written_parameter_is_read_back_and_all_else_stays(model: Path, value: str) -> None:
    """The value is escaped; other parameters and comments are as before."""
    write_parameter(model, "weights", value)
    write_parameter(model, "display_name", value)

    assert read_parameters(model) == {"weights": value, "display_name": value}
    text = (model / CONFIG_FILE).read_text(encoding="utf-8")
    assert "# A comment." in text
    assert "# Another." in text


def test_an_unknown_parameter_is_refused(model: Path) -> None:
    """A parameter that the file does not have is not added."""
    before = (model / CONFIG_FILE).read_bytes()
    with pytest.raises(ValueError, match="no parameter fingerprint"):
        write_parameter(model, "fingerprint", "1")
    assert (model / CONFIG_FILE).read_bytes() == before


def test_a_text_that_is_no_configuration_is_refused(model: Path) -> None:
    """A file that Triton's schema does not accept raises instead of giving no parameters."""
    (model / CONFIG_FILE).write_text("parameters { key: ")
    with pytest.raises(ValueError, match="not a model configuration"):
        read_parameters(model)


def test_a_missing_file_is_not_imported(tmp_path: Path) -> None:
    """A model's file that is not there is an error that callers can turn into advice."""
    with pytest.raises(FileNotFoundError):
        import_model_file(tmp_path / "model.py", "missing")
