"""Where a model can compute: each provider is tried alone, and what was obtained is compared."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from tagger.core.errors import TaggerError
from tagger.suggest.failures import SETUP, explain
from tagger.suggest.gpu import NO_GPU

log = logging.getLogger(__name__)


TRY_AGAIN = "tagger doctor --try-again"
"""The command that forgets crashes of providers."""


class ProviderError(TaggerError):
    """No provider can compute with this model."""


class ProviderFailed(Exception):
    """One provider cannot be used; holds what ONNX Runtime said of it."""


@dataclass(frozen=True)
class Provider:
    """One way to compute.

    Attributes:
        key: what people write.
        name: what ONNX Runtime calls it.
        title: what people read.
        verified: whether it was ever tried by the makers of this program.
        by_itself: whether `auto` tries it.
        options: passed to ONNX Runtime.
    """

    key: str
    name: str
    title: str
    verified: bool
    by_itself: bool
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def bound(self) -> bool:
        """Whether inputs and outputs are bound to prepared buffers on a GPU."""
        return self.key in ("cuda", "tensorrt")


PROVIDERS = (
    Provider("tensorrt", "TensorrtExecutionProvider", "TensorRT (NVIDIA GPU)", False, False),
    Provider(
        "cuda",
        "CUDAExecutionProvider",
        "CUDA (NVIDIA GPU)",
        False,
        True,
        # An exhaustive search would run for each batch size that is probed. Doubling the arena
        # takes memory from the screen and other programs.
        (
            ("cudnn_conv_algo_search", "HEURISTIC"),
            ("use_tf32", "0"),
            ("arena_extend_strategy", "kSameAsRequested"),
        ),
    ),
    Provider("directml", "DmlExecutionProvider", "DirectML (any GPU on Windows)", False, True),
    Provider("coreml", "CoreMLExecutionProvider", "Core ML (Apple)", False, True),
    Provider("cpu", "CPUExecutionProvider", "CPU", True, True),
)
"""All providers, in the order in which `auto` tries them."""


class SessionLike(Protocol):
    """What is asked of a session here."""

    def get_providers(self) -> Sequence[str]:
        """Return the names of the providers really in use, the first one first."""


S = TypeVar("S", bound=SessionLike)


@dataclass(frozen=True)
class Obtained(Generic[S]):
    """A session and where it computes.

    Attributes:
        session: what `open_session` returned.
        provider: the one it really uses.
        requested: key that was asked for, or `auto`.
        reasons: one sentence for each better provider that could not be used.
    """

    session: S
    provider: Provider
    requested: str
    reasons: tuple[str, ...]


def by_key(key: str) -> Provider:
    """Return a provider by its key.

    Raises:
        ProviderError: there is none of that key.
    """
    for provider in PROVIDERS:
        if provider.key == key:
            return provider
    known = ", ".join(["auto", *(provider.key for provider in PROVIDERS)])
    raise ProviderError(f"There is no provider {key!r}. Choose one of {known}.")


def obtain(
    requested: str,
    available: Sequence[str],
    hindered: Callable[[], str],
    open_session: Callable[[Provider], S],
    crashed: Callable[[Provider], bool] = lambda provider: False,
) -> Obtained[S]:
    """Try providers one at a time until one really computes.

    Args:
        requested: `auto`, or the key of a provider, after which only the CPU is tried (after
            TensorRT also CUDA).
        available: names that this ONNX Runtime was built with.
        hindered: says why no NVIDIA GPU can be used here; empty if one can.
        open_session: makes a session on one provider and runs it once; may raise anything.
        crashed: says whether opening it ended the program before, with these very versions.

    Raises:
        ProviderError: not even the CPU could, with the reason.
    """
    wanted = [p for p in PROVIDERS if p.by_itself] if requested == "auto" else [by_key(requested)]
    if requested == "tensorrt":
        wanted.append(by_key("cuda"))
    if wanted[-1].key != "cpu":
        wanted.append(by_key("cpu"))
    reasons: list[str] = []
    for provider in wanted:
        reason = missing(provider, available, hindered)
        if not reason and crashed(provider):
            reason = (
                f"{provider.title} is not tried: it ended the program when it was opened before. "
                f"After a change, try it again with `{TRY_AGAIN}`."
            )
        if reason:
            if requested != "auto" or _worth_saying(provider, reason):
                reasons.append(reason)
            continue
        try:
            session = open_session(provider)
        except Exception as error:  # providers raise whatever they like
            log.warning("%s: %s", provider.name, error)
            reasons.append(f"{provider.title} could not be used: {explain(str(error))}")
            continue
        if partly := getattr(session, "partly", ""):
            reasons.append(
                f"{provider.title} computes this model only in part: {partly} large steps run on "
                "the processor, which costs speed. Use another model with it."
            )
        got = next(iter(session.get_providers()), "none")
        if got == provider.name:
            return Obtained(session, provider, requested, tuple(reasons))
        reasons.append(f"{provider.title} was asked for, but ONNX Runtime fell back to {got}.")
    raise ProviderError("The model cannot be run here. " + " ".join(reasons))


def missing(provider: Provider, available: Sequence[str], hindered: Callable[[], str]) -> str:
    """Return why a provider is not worth a try; empty if it is."""
    needs_nvidia = provider.key in ("cuda", "tensorrt")
    if needs_nvidia and (hindrance := hindered()):
        return hindrance
    if provider.name in available:
        return ""
    if needs_nvidia:
        return (
            "An NVIDIA GPU was found, but the ONNX Runtime installed here can only use the CPU. "
            f"Run `{SETUP}` to install the one for NVIDIA GPUs, and start the program again."
        )
    return f"{provider.title} is not part of the ONNX Runtime installed here."


def _worth_saying(provider: Provider, reason: str) -> bool:
    """Whether somebody who asked for nothing special wants to know: a GPU lies idle."""
    return provider.key == "cuda" and reason != NO_GPU
