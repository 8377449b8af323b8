"""Memory of an NVIDIA card through its driver's NVML, with no package for it. None where there is no driver."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import NamedTuple


class DeviceMemory(NamedTuple):
    used: int
    total: int


class _NvmlMemory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


def device_memory(index: int) -> DeviceMemory | None:
    nvml = _nvml()
    device = ctypes.c_void_p()
    memory = _NvmlMemory()
    if nvml is None or nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device)) != 0:
        return None
    if nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) != 0:
        return None
    return DeviceMemory(memory.used, memory.total)


@cache
def _nvml() -> ctypes.CDLL | None:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return nvml if nvml.nvmlInit_v2() == 0 else None
