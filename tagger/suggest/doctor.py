"""What can compute on this machine, what is really used, and what to do about the difference."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from dataclasses import asdict
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from tagger.core.preprocessing import Preprocessing
from tagger.suggest.engine import no_gpu_because, open_engine
from tagger.suggest.gpu import NEEDED_COMPUTE, NEEDED_DRIVER, NO_GPU, found_gpus
from tagger.suggest.plan import core_count
from tagger.suggest.providers import PROVIDERS, ProviderError

_PACKAGES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")


def examine(requested: str = "auto") -> dict[str, Any]:
    """Open a tiny model on the provider that would be used, and report.

    Args:
        requested: `auto` or the key of a provider.

    Returns:
        `requested_provider`, `obtained_provider` (key, empty if none), `available_providers`
        (keys), `providers` (key, title, verified, available), `gpus`, `versions`, `needed`,
        `cores`, and `problems`: a sentence each, with the remedy.
    """
    available = ort.get_available_providers()
    problems = _package_problems()
    obtained = ""
    try:
        found = open_engine(_tiny_model(), Preprocessing(8, 8), requested, 1)
        obtained = found.provider.key
        problems += found.reasons
    except ProviderError as error:
        problems.append(str(error))
    gpus = found_gpus()
    hindrance = no_gpu_because()
    if gpus and hindrance not in ("", NO_GPU, *problems):
        problems.append(hindrance)
    return {
        "requested_provider": requested,
        "obtained_provider": obtained,
        "available_providers": [p.key for p in PROVIDERS if p.name in available],
        "providers": [
            {
                "key": p.key,
                "title": p.title,
                "verified": p.verified,
                "available": p.name in available,
            }
            for p in PROVIDERS
        ],
        "gpus": [asdict(gpu) for gpu in gpus],
        "versions": {
            "onnxruntime": ort.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "platform": platform.platform(),
            "frozen": bool(getattr(sys, "frozen", False)),
        },
        "needed": {"nvidia_driver": NEEDED_DRIVER, "compute_capability": NEEDED_COMPUTE},
        "cores": core_count(),
        "problems": problems,
    }


def _package_problems() -> list[str]:
    installed = [name for name in _PACKAGES if _version(name)]
    if len(installed) < 2:
        return []
    names = " and ".join(installed)
    return [
        f"{names} are installed side by side and overwrite each other. Uninstall all but one, "
        "then run `python3 installer/bootstrap.py setup`."
    ]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _tiny_model() -> bytes:
    """Return a graph that turns `image` into its mean: enough to start a provider."""
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 8, 8, 3])
    mean = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 1, 1, 3])
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    nodes = [
        helper.make_node("Cast", ["image"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real", "axes"], ["embedding"], keepdims=1),
    ]
    graph = helper.make_graph(nodes, "tiny", [image], [mean], [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return model.SerializeToString()
