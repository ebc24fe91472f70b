"""Promises about providers. GPUs cannot be tried here: sessions and lists are made up for them."""

import pytest

from tagger.suggest.failures import SETUP
from tagger.suggest.gpu import NO_GPU
from tagger.suggest.providers import PROVIDERS, TRY_AGAIN, ProviderError, obtain

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"


class FakeSession:
    def __init__(self, *providers):
        self._providers = providers

    def get_providers(self):
        return self._providers


def fine(provider):
    return FakeSession(provider.name, CPU)


def silently_cpu(provider):
    return FakeSession(CPU)


def no_gpu():
    return NO_GPU


def with_gpu():
    return ""


def test_cuda_is_used_where_it_works():
    found = obtain("auto", [TENSORRT, CUDA, CPU], with_gpu, fine)
    assert (found.provider.key, found.requested, found.reasons) == ("cuda", "auto", ())


def test_a_silent_fall_back_is_noticed_and_told():
    found = obtain("auto", [CUDA, CPU], with_gpu, silently_cpu)
    assert found.provider.key == "cpu"
    assert "fell back to CPUExecutionProvider" in found.reasons[0]


def test_a_provider_that_fails_is_passed_over_with_the_missing_library_and_the_remedy():
    def broken(provider):
        if provider.name == CUDA:
            raise RuntimeError("Failed to load libcudnn.so.9: cannot open shared object file")
        return fine(provider)

    found = obtain("auto", [CUDA, CPU], with_gpu, broken)
    assert found.provider.key == "cpu"
    assert "libcudnn.so.9 is missing" in found.reasons[0]
    assert SETUP in found.reasons[0]


def test_a_gpu_with_the_cpu_package_is_told_how_to_be_used():
    found = obtain("auto", [CPU], with_gpu, fine)
    assert found.provider.key == "cpu"
    assert "An NVIDIA GPU was found" in found.reasons[0]
    assert SETUP in found.reasons[0]


def test_a_machine_without_gpu_is_not_told_anything():
    tried = []

    def watch(provider):
        tried.append(provider.name)
        return fine(provider)

    found = obtain("auto", [CUDA, CPU], no_gpu, watch)
    assert (found.provider.key, found.reasons) == ("cpu", ())
    assert tried == [CPU], "CUDA is not even tried: it would fill the log with errors"


def test_who_asks_for_cuda_and_gets_the_cpu_is_told_why():
    found = obtain("cuda", [CUDA, CPU], no_gpu, fine)
    assert (found.provider.key, found.requested) == ("cpu", "cuda")
    assert found.reasons == (NO_GPU,)


def test_tensorrt_is_tried_only_when_asked_for():
    assert obtain("auto", [TENSORRT, CPU], with_gpu, fine).provider.key == "cpu"
    assert obtain("tensorrt", [TENSORRT, CPU], with_gpu, fine).provider.key == "tensorrt"


def test_who_asks_for_tensorrt_in_vain_gets_cuda():
    def without(provider):
        if provider.name == TENSORRT:
            raise RuntimeError("libnvinfer.so.10: cannot open shared object file")
        return fine(provider)

    found = obtain("tensorrt", [TENSORRT, CUDA, CPU], with_gpu, without)
    assert found.provider.key == "cuda"
    assert "TensorRT is not installed" in found.reasons[0]


@pytest.mark.parametrize(
    ("key", "name"), [("directml", "DmlExecutionProvider"), ("coreml", "CoreMLExecutionProvider")]
)
def test_other_systems_providers_are_used_where_they_are_part_of_the_runtime(key, name):
    assert obtain("auto", [name, CPU], no_gpu, fine).provider.key == key


def test_an_unknown_provider_is_refused_with_the_known_ones():
    with pytest.raises(ProviderError, match="auto, tensorrt, cuda, directml, coreml, cpu"):
        obtain("vulkan", [CPU], no_gpu, fine)


def test_a_model_that_runs_nowhere_is_an_error_with_the_reason():
    def broken(provider):
        raise RuntimeError("Unsupported operator FooBar")

    with pytest.raises(ProviderError, match="Unsupported operator FooBar"):
        obtain("auto", [CPU], no_gpu, broken)


def test_only_what_was_tried_here_is_marked_verified():
    assert [provider.key for provider in PROVIDERS if provider.verified] == ["cpu"]


def test_a_provider_that_crashed_before_is_not_tried_again_and_the_way_back_is_told():
    tried = []

    def watch(provider):
        tried.append(provider.key)
        return fine(provider)

    crashed = {"cuda"}
    found = obtain("auto", [CUDA, CPU], with_gpu, watch, lambda one: one.key in crashed)
    assert (found.provider.key, tried) == ("cpu", ["cpu"])
    assert "ended the program" in found.reasons[0]
    assert TRY_AGAIN in found.reasons[0]
    crashed.clear()
    found = obtain("auto", [CUDA, CPU], with_gpu, watch, lambda one: one.key in crashed)
    assert found.provider.key == "cuda"


def test_a_provider_that_leaves_large_steps_to_the_processor_is_used_but_told():
    def partly(provider):
        session = fine(provider)
        session.partly = "12 of 49" if provider.name == CUDA else ""
        return session

    found = obtain("auto", [CUDA, CPU], with_gpu, partly)
    assert found.provider.key == "cuda"
    assert "12 of 49 large steps run on the processor" in found.reasons[0]
