"""Promises about providers. GPUs cannot be tried here: sessions and lists are made up for them."""

import json
import subprocess
import sys

import pytest

from tagger.suggest.doctor import examine
from tagger.suggest.gpu import NO_GPU, Gpu, hindrance, parse_smi
from tagger.suggest.providers import PROVIDERS, SETUP, ProviderError, explain, obtain

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


def test_memory_errors_are_told_as_such():
    assert "not enough memory" in explain("CUDA failure 2: out of memory ; GPU=0")


def test_drivers_and_gpus_that_cuda_13_leaves_out_are_named():
    answer = "NVIDIA H200, 580.95.05, 9.0\nTesla V100, 580.95.05, 7.0\n"
    assert parse_smi(answer) == [
        Gpu("NVIDIA H200", "580.95.05", 9.0),
        Gpu("Tesla V100", "580.95.05", 7.0),
    ]
    assert hindrance(parse_smi(answer)) == "", "one of the two can be used"
    assert "Tesla V100 is too old" in hindrance(parse_smi(answer)[1:])
    old = hindrance([Gpu("GeForce RTX 3060", "535.10", 8.6)])
    assert "driver 535.10 is too old" in old
    assert "580" in old
    assert hindrance([]) == NO_GPU
    assert parse_smi("NVIDIA-SMI has failed because it couldn't communicate\n") == []


def test_the_doctor_tells_what_is_really_used():
    report = examine()
    assert report["obtained_provider"] in report["available_providers"]
    assert report["requested_provider"] == "auto"
    assert {entry["key"]: entry["verified"] for entry in report["providers"]}["cuda"] is False
    assert report["versions"]["onnxruntime"]
    assert isinstance(report["problems"], list)


def test_the_doctor_explains_why_a_wish_was_not_met():
    report = examine("coreml")
    assert report["obtained_provider"] == "cpu"
    assert any("Core ML" in sentence for sentence in report["problems"])


def test_the_doctor_answers_in_one_line_of_json_and_through_the_pipe(talk):
    done = subprocess.run(
        [sys.executable, "-m", "tagger", "_suggester", "--doctor"], capture_output=True, check=True
    )
    report = json.loads(done.stdout)
    assert report["obtained_provider"]
    one = talk()
    one.client.doctor()
    assert one.wait("doctor")["obtained_provider"] == report["obtained_provider"]
