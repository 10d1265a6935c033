"""What computes in 16-bit floats is asked of the device, because emulated ones are many times slower."""

import sys
from types import SimpleNamespace

import pytest

from training.precision import computing_device, has_bf16


def use_torch(
    monkeypatch: pytest.MonkeyPatch, *, gpu: bool = False, gpu_bf16: bool = False, avx: bool = False, amx: bool = False
) -> None:
    """Let torch say what a machine has."""
    cuda = SimpleNamespace(is_available=lambda: gpu, is_bf16_supported=lambda: gpu_bf16)
    cpu = SimpleNamespace(_is_avx512_bf16_supported=lambda: avx, _is_amx_tile_supported=lambda: amx)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, cpu=cpu))


@pytest.mark.parametrize(("gpu", "expected"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_computes_where_there_is_one(monkeypatch: pytest.MonkeyPatch, gpu: bool, expected: str) -> None:
    """A GPU computes where there is one, and the processor elsewhere."""
    use_torch(monkeypatch, gpu=gpu)
    assert computing_device() == expected


@pytest.mark.parametrize(
    ("gpu", "gpu_bf16", "expected"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_gpu_has_them_if_it_is_there_and_says_so(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, gpu_bf16: bool, expected: bool
) -> None:
    """A GPU computes in 16-bit floats where there is one that can."""
    use_torch(monkeypatch, gpu=gpu, gpu_bf16=gpu_bf16)
    assert has_bf16("cuda") is expected


@pytest.mark.parametrize(("avx", "amx", "expected"), [(True, False, True), (False, True, True), (False, False, False)])
def test_a_processor_has_them_by_either_of_two_extensions(
    monkeypatch: pytest.MonkeyPatch, avx: bool, amx: bool, expected: bool
) -> None:
    """A processor computes in 16-bit floats with one of two extensions, and emulates them without."""
    use_torch(monkeypatch, gpu=True, gpu_bf16=True, avx=avx, amx=amx)
    assert has_bf16("cpu") is expected
