"""What a user's settings tell pip is told to uv as well."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scripts.pip_settings import translate, uv_settings
from scripts.setup import UV_VENV, install_command, make_environment


def test_each_setting_has_its_name_in_uv() -> None:
    """A mirror, a folder of packages, an authority, a proxy and a time limit have the names that uv reads."""
    listed = """global.cert='/etc/ssl/hospital.pem'
global.index-url='https://mirror.example/simple'
global.proxy='http://proxy.example:3128'
global.timeout='60'
global.trusted-host='mirror.example'
global.no-index='1'
install.find-links='/srv/wheels'
"""
    assert translate(listed) == {
        "SSL_CERT_FILE": "/etc/ssl/hospital.pem",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "ALL_PROXY": "http://proxy.example:3128",
        "UV_HTTP_TIMEOUT": "60",
        "UV_INSECURE_HOST": "mirror.example",
        "UV_FIND_LINKS": "/srv/wheels",
        "UV_OFFLINE": "1",
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


@pytest.mark.parametrize("told", ["a folder and no index", "a mirror"])
def test_uv_installs_from_where_pip_is_told_to_look(told: str, tmp_path: Path) -> None:
    """A package is installed by uv from a folder without any index, or from a mirror, where pip is told of it."""
    wheels = tmp_path / "simple" / "sample-package"
    wheels.mkdir(parents=True)
    name = _write_wheel(wheels)
    (wheels / "index.html").write_text(f'<a href="{name}">{name}</a>')
    lock = tmp_path / "sample.lock"
    lock.write_text(f"sample-package==1.0 --hash=sha256:{hashlib.sha256((wheels / name).read_bytes()).hexdigest()}\n")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pip = {
            "a folder and no index": {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)},
            "a mirror": {"PIP_INDEX_URL": f"http://127.0.0.1:{server.server_port}/simple"},
        }[told]
        alone = {"PIP_CONFIG_FILE": os.devnull, "UV_CACHE_DIR": str(tmp_path / "cache"), "UV_NO_CONFIG": "1"}
        settings = uv_settings(UV_VENV / "bin" / "python", pip | alone)
        for command in (make_environment(tmp_path / "venv"), install_command(tmp_path / "venv", lock)):
            subprocess.run(command, env=settings, check=True, capture_output=True)
        server.shutdown()
    found = [str(tmp_path / "venv" / "bin" / "python"), "-c", "import sample_package; print(sample_package.FOUND)"]
    assert subprocess.run(found, check=True, capture_output=True, text=True).stdout == "True\n"


def _write_wheel(folder: Path) -> str:
    """Write a wheel of one module by hand, and return its name."""
    name = "sample_package-1.0-py3-none-any.whl"
    about = "sample_package-1.0.dist-info"
    with zipfile.ZipFile(folder / name, "w") as wheel:
        wheel.writestr("sample_package.py", "FOUND = True\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: sample-package\nVersion: 1.0\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")
    return name
