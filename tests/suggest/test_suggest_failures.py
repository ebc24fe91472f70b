"""Promises about explaining errors. Messages are those of real machines, shortened (facts only).

The first three were printed here, by `onnxruntime-gpu 1.31.1` on a machine without a GPU.
"""

import pytest

from tagger.suggest.failures import SETUP, explain, is_device_lost, is_memory

LOG = (
    "\x1b[1;31m2026-11-21 11:02:53.808413307 [E:onnxruntime:Default, provider_bridge_ort.cc:2458 "
    "operator()] /onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:2043 "
    "onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : "
    "Failed to load library {folder}/libonnxruntime_providers_{one}.so with error: {library}: "
    "cannot open shared object file: No such file or directory\n\x1b[m\n\x1b[0;93m2026-11-21 "
    "11:02:53.808439045 [W:onnxruntime:Default, onnxruntime_pybind_state.cc:1295 "
    "CreateExecutionProviderFactoryInstance] Failed to create CUDAExecutionProvider. Require "
    "cuDNN 9.* and CUDA 13.*. Please install all dependencies as mentioned in the GPU "
    "requirements page\x1b[m\n"
)
CALL = (
    "/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:114 onnxruntime::CudaCall "
    "{what} ; GPU=-1 ; hostname=PC ; file=cuda_execution_provider.cc ; line=336 ; "
    "expr=cudaSetDevice(info_.device_id);"
)
NODE = "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running {node} node. "


def log(library, one="cuda"):
    return LOG.format(folder="/venv/onnxruntime/capi", one=one, library=library)


MISSING = [
    (log("libcublasLt.so.13"), "libcublasLt.so.13"),
    (log("libcudnn.so.9"), "libcudnn.so.9"),
    (log("libcublasLt.so.12"), "libcublasLt.so.12"),
    (
        "Could not load library libcublasLt.so.13. Error: libcublasLt.so.13: cannot open shared "
        "object file: No such file or directory",
        "libcublasLt.so.13",
    ),
    (
        '[ONNXRuntimeError] : 1 : FAIL : Error loading "E:\\venv\\Lib\\site-packages\\onnxruntime'
        '\\capi\\onnxruntime_providers_cuda.dll" which depends on "cudnn64_9.dll" which is '
        'missing. (Error 126: "The specified module could not be found.")',
        "cudnn64_9.dll",
    ),
]


@pytest.mark.parametrize(("message", "library"), MISSING)
def test_the_missing_library_is_named_and_not_the_one_that_needs_it(message, library):
    found = explain(message)
    assert found.problem == f"the library {library} is missing"
    assert SETUP in found.remedy


KINDS = [
    (log("libcuda.so.1"), "driver-library", "580 or later"),
    (log("libnvinfer.so.10", "tensorrt"), "tensorrt", "optional"),
    (
        "RegisterTensorRTPluginsAsCustomOps Please install TensorRT libraries as mentioned in the "
        "GPU requirements page",
        "tensorrt",
        "Automatic",
    ),
    (
        'LoadLibrary failed with error 126 "" when trying to load "C:\\x\\'
        'onnxruntime_providers_cuda.dll"',
        "library",
        "Visual C++",
    ),
    (
        CALL.format(what="CUDA failure 35: CUDA driver version is insufficient for CUDA runtime"),
        "old-driver",
        "580",
    ),
    (CALL.format(what="CUDA failure 100: no CUDA-capable device is detected"), "no-device", "WSL"),
    (
        CALL.format(what="CUDA failure 803: system has unsupported display driver / cuda driver"),
        "half-updated-driver",
        "Restart",
    ),
    (
        NODE.format(node="Mul") + "Name:'m' Status Message: CUDA error "
        "cudaErrorNoKernelImageForDevice:no kernel image is available for execution on the device",
        "no-kernel",
        "Turing",
    ),
    (
        CALL.format(what="CUDA failure 46: all CUDA-capable devices are busy or unavailable"),
        "busy",
        "nvidia-smi -c 0",
    ),
    (
        "DmlGraphFusionHelper.cpp(1078) Exception(3) tid(5a68) 887A0005 The GPU device instance "
        "has been suspended. Use GetDeviceRemovedReason to determine the appropriate action.",
        "device-lost",
        "update the driver",
    ),
    (
        "DmlGraphFusionHelper.cpp(1078) 887A0006 The GPU will not respond to more commands, most "
        "likely because of an invalid command passed by the calling application.",
        "device-lost",
        "Restart",
    ),
    (
        CALL.format(what="CUDA failure 700: an illegal memory access was encountered"),
        "device-lost",
        "Restart",
    ),
    (CALL.format(what="CUDNN failure 1001: CUDNN_STATUS_NOT_INITIALIZED"), "cudnn", SETUP),
    (
        NODE.format(node="Conv") + "Status Message: Failed to initialize CUDNN Frontend",
        "cudnn",
        SETUP,
    ),
    (
        "CUDNN failure 1002: CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH ; GPU=0",
        "mixed-libraries",
        "LD_LIBRARY_PATH",
    ),
    (
        "libcublas.so.11: symbol free_gemm_select version libcublasLt.so.11 not defined in file "
        "libcublasLt.so.11 with link time reference",
        "mixed-libraries",
        SETUP,
    ),
    ("/lib/libc.so.6: version `GLIBC_2.38' not found (required by x)", "system", "Update"),
    (
        "[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : Could not find an implementation for "
        "GridSample(20) node with name 'g'",
        "operator",
        "the processor",
    ),
    (
        "Failed to create CUDAExecutionProvider. Require cuDNN 9.* and CUDA 13.*",
        "requirements",
        SETUP,
    ),
]


@pytest.mark.parametrize(("message", "kind", "words"), KINDS)
def test_known_errors_get_plain_words_and_a_remedy(message, kind, words):
    found = explain(message)
    assert found.kind == kind
    assert words in found.remedy
    for code in ("[ONNXRuntimeError]", "\x1b", "onnxruntime_src", "::"):
        assert code not in str(found)


MEMORY = [
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running "
    "Conv node. Name:'c' Status Message: /onnxruntime_src/onnxruntime/core/framework/"
    "bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool) Failed to "
    "allocate memory for requested buffer of size 285081600",
    CALL.format(what="CUDA failure 2: out of memory"),
    "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
    "CUDNN failure 4: CUDNN_STATUS_ALLOC_FAILED ; GPU=0",
    "DmlCommittedResourceAllocator.cpp(22) Exception(7) tid(cf0) 8007000E Not enough memory "
    "resources are available to complete this operation.",
    "bad allocation",
    "std::bad_alloc",
]


@pytest.mark.parametrize("message", MEMORY)
def test_too_little_memory_is_told_from_everything_else(message):
    assert is_memory(message)
    assert not is_device_lost(message)


def test_no_other_known_message_is_taken_for_too_little_memory():
    others = [message for message, *_ in MISSING + KINDS]
    assert not [message for message in others if is_memory(message)]


def test_an_unknown_error_is_told_in_its_own_first_line_without_codes():
    found = explain("[ONNXRuntimeError] : 1 : FAIL : Something odd happened.\n more\n")
    assert (found.kind, str(found)) == ("other", "Something odd happened.")
    assert str(explain("")) == "no reason was given."
