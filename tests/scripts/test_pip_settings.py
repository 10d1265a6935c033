"""What a user's settings tell pip is told to uv as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.pip_settings import translate, uv_settings
from scripts.setup import UV_VENV


def test_each_setting_has_its_name_in_uv() -> None:
    """A mirror, a folder of packages, an authority, a proxy and a time limit have the names that uv reads."""
    listed = """global.cert='/etc/ssl/hospital.pem'
global.index-url='https://mirror.example/simple'
global.proxy='http://proxy.example:3128'
global.timeout='60'
global.trusted-host='mirror.example'
install.find-links='/srv/wheels'
"""
    assert translate(listed) == {
        "SSL_CERT_FILE": "/etc/ssl/hospital.pem",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "ALL_PROXY": "http://proxy.example:3128",
        "UV_HTTP_TIMEOUT": "60",
        "UV_INSECURE_HOST": "mirror.example",
        "UV_FIND_LINKS": "/srv/wheels",
    }


def test_several_values_are_separated_as_uv_expects() -> None:
    """Several indexes are separated by a space and several folders by a comma."""
    listed = "global.extra-index-url='\\nhttps://one.example\\nhttps://two.example'\nglobal.find-links='/a /b'"
    assert translate(listed) == {"UV_INDEX": "https://one.example https://two.example", "UV_FIND_LINKS": "/a,/b"}


@pytest.mark.parametrize("order", [1, -1])
def test_the_section_that_wins_for_pip_wins_for_uv(order: int) -> None:
    """A variable wins over the section of an install, and that over the global one, in any order of the lines."""
    lines = [":env:.index-url='https://env'", "global.index-url='https://all'", "install.index-url='https://install'"]
    lines += ["global.cert='/all'", "install.cert='/install'"]
    assert translate("\n".join(lines[::order])) == {"UV_DEFAULT_INDEX": "https://env", "SSL_CERT_FILE": "/install"}


def test_what_uv_has_no_name_for_is_left_out() -> None:
    """A setting that uv has no name for, another command's section and an empty list change nothing."""
    assert translate("global.progress-bar='off'\nfreeze.index-url='https://other'\n:env:.no-input='1'") == {}
    assert translate("") == {}


def test_a_value_may_hold_what_separates_names_from_values() -> None:
    """A value with an equals sign and dots is read whole."""
    assert translate("global.index-url='https://u:p=@mirror.example/a.b'") == {
        "UV_DEFAULT_INDEX": "https://u:p=@mirror.example/a.b"
    }


def test_pip_is_asked_and_uvs_own_settings_win(tmp_path: Path) -> None:
    """The settings are those that pip itself reads from files and variables; what is set for uv itself wins."""
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://mirror.example/simple\ntimeout = 60\n")
    settings = uv_settings(
        UV_VENV / "bin" / "python",
        {"PIP_CONFIG_FILE": str(file), "PIP_EXTRA_INDEX_URL": "https://more.example", "UV_HTTP_TIMEOUT": "90"},
    )
    assert settings["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert settings["UV_INDEX"] == "https://more.example"
    assert settings["UV_HTTP_TIMEOUT"] == "90"
    assert settings["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert settings["PIP_CONFIG_FILE"] == str(file)
