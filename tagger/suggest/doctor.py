"""What can compute on this machine, what is really used, and what to do about the difference."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

import tagger
from tagger.bundle.spec import MODEL_FILE
from tagger.bundle.store import BundleStore
from tagger.core.errors import TaggerError
from tagger.core.preprocessing import Preprocessing
from tagger.library.places import user_data_dir, user_folder
from tagger.suggest.failures import SETUP
from tagger.suggest.gpu import NEEDED_COMPUTE, NEEDED_DRIVER, NO_GPU, family_of
from tagger.suggest.idle import idle_gpu
from tagger.suggest.last_run import last_run
from tagger.suggest.libraries import (
    NEEDED_CUDA,
    NEEDED_CUDNN,
    cuda_versions,
    first_missing,
    runtimes,
)
from tagger.suggest.marks import forget_crashes
from tagger.suggest.plan import core_count
from tagger.suggest.precision import last_decision
from tagger.suggest.probe import timed
from tagger.suggest.providers import PROVIDERS, ProviderError
from tagger.suggest.sessions import cards, gpus, no_gpu_because, open_engine

_NO_WORKING_GPU = "no graphics card that can compute was found"


def examine(
    requested: str = "auto", bundle: str = "", *, try_again: bool = False, probe: bool = True
) -> dict[str, Any]:
    """Open a model on the provider that would be used, time it, and report.

    Args:
        requested: `auto` or the key of a provider.
        bundle: id of the bundle to try with; empty for the default one.
        try_again: forget which providers crashed before.
        probe: whether to time processor and graphics card.

    Returns:
        `requested_provider`, `obtained_provider` (key, empty if none), `available_providers`
        (keys), `providers` (key, title, verified, available), `gpus`, `cards`, `idle_gpu`,
        `versions`, `needed`, `missing_library`, `half`, `probe`, `last_run`, `cores`,
        `data_folder`, and `problems`: each with `problem` and `remedy`.
    """
    if try_again:
        forget_crashes()
    available = ort.get_available_providers()
    folder, no_bundle = _bundle_folder(bundle)
    found = _tried(requested, folder)
    obtained, reasons = found
    problems = _package_problems() + list(reasons) + ([no_bundle] if no_bundle else [])
    hindrance = no_gpu_because()
    if hindrance not in ("", NO_GPU, *problems):
        problems.append(hindrance)
    library = "" if hindrance else first_missing()[0]
    if library and not any(library in problem for problem in problems):
        problems.append(f"The library {library} is missing. Run `{SETUP}` to install it.")
    idle = idle_gpu(obtained, requested, platform.system(), gpus(), cards(), reasons)
    told = idle is not None and any(problem in idle.sentence for problem in problems)
    if idle and not told and requested != "cpu":
        problems.append(idle.sentence)
    run = last_run()
    why_cpu = _clause(reasons[0] if reasons else hindrance or _NO_WORKING_GPU)
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
        "gpus": [asdict(gpu) | {"family": family_of(gpu.name, gpu.compute)[0]} for gpu in gpus()],
        "cards": [asdict(card) for card in cards()],
        "idle_gpu": asdict(idle) if idle else None,
        "versions": _versions(),
        "needed": {
            "nvidia_driver": NEEDED_DRIVER,
            "compute_capability": NEEDED_COMPUTE,
            "cuda": NEEDED_CUDA,
            "cudnn": NEEDED_CUDNN,
        },
        "missing_library": library,
        "half": last_decision(),
        "probe": timed(folder, obtained, why_cpu).to_json() if probe else None,
        "last_run": asdict(run) if run else None,
        "cores": core_count(),
        "data_folder": str(user_data_dir()),
        "problems": [_parted(problem) for problem in problems],
    }


def _tried(requested: str, folder: Path | None) -> tuple[str, tuple[str, ...]]:
    """Return the key of the provider obtained and why no better one was."""
    from tagger.bundle.read import read_bundle

    model: Path | bytes = _tiny_model()
    spec = Preprocessing(8, 8)
    try:
        if folder is not None:
            model, spec = folder / MODEL_FILE, read_bundle(folder).preprocessing
        found = open_engine(model, spec, requested, 1)
    except ProviderError as error:
        return "", (str(error),)
    except TaggerError as error:
        return "", (f"{error}. Choose another model.",)
    return found.provider.key, found.reasons


def _bundle_folder(wanted: str) -> tuple[Path | None, str]:
    """Return the folder of a bundle or of the default one; else what is wrong with the wish."""
    store = BundleStore(user_folder("bundles"))
    try:
        bundle_id = wanted or store.default()
        if bundle_id is None:
            oldest = next(iter(store.list()), None)
            bundle_id = oldest.bundle_id if oldest else None
        return (store.folder(bundle_id) if bundle_id else None), ""
    except TaggerError as error:
        return None, f"{str(error)[:1].upper()}{str(error)[1:]}."


def _versions() -> dict[str, Any]:
    packages = runtimes()
    return {
        "program": tagger.__version__,
        "onnxruntime": ort.__version__,
        "onnxruntime_package": " and ".join(packages) or "unknown",
        "nvidia_driver": gpus()[0].driver if gpus() else "",
        **cuda_versions(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "frozen": bool(getattr(sys, "frozen", False)),
    }


def _package_problems() -> list[str]:
    packages = list(runtimes())
    if len(packages) < 2:
        return []
    return [
        f"The packages {' and '.join(packages)} are installed side by side and overwrite each "
        f"other. Run `{sys.executable} -m pip uninstall -y {' '.join(packages)}`, then `{SETUP}`."
    ]


def _clause(sentence: str) -> str:
    return sentence.partition(". ")[0].rstrip(".")


def _parted(sentences: str) -> dict[str, str]:
    """Return what is wrong, the first sentence, apart from what to do about it, the others."""
    problem, _, remedy = sentences.partition(". ")
    return {"problem": f"{problem.rstrip('.')}.", "remedy": remedy}


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
