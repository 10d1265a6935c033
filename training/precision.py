"""The device that computes, and the number format that it computes fast in."""

from typing import Any


def computing_device() -> str:
    """Return what computes here: `cuda` where there is a GPU, else `cpu`."""
    import torch  # noqa: PLC0415 - only training needs it; seconds to import

    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bf16(device: str = "cuda") -> bool:
    """Return whether a device multiplies 16-bit brain floats in hardware.

    A processor without them emulates them, which makes a step many times slower than 32-bit floats do.
    """
    import torch  # noqa: PLC0415 - only training needs it; seconds to import

    if device == "cuda":
        return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
    processor: Any = torch.cpu  # has no public function that tells
    return bool(processor._is_avx512_bf16_supported() or processor._is_amx_tile_supported())  # noqa: SLF001
