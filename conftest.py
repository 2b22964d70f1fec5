"""The doctests of modules around an optional library are collected where that library is installed."""

import importlib.util

collect_ignore = (
    []
    if importlib.util.find_spec("torch")
    else ["src/elbowroom/interop/pytorch.py", "src/elbowroom/interop/torch_network.py"]
)
