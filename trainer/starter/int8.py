"""EfficientNet-Lite0 calculating with whole numbers: 8 bits for weights and for activations.

The graph says so in ONNX's own way: each value stands between QuantizeLinear and DequantizeLinear,
which ONNX Runtime and OpenVINO fuse into integer kernels. ReLU6 is the range of what follows it.
The first two layers stay float (they are sensitive, and a sixth of the time), as do the averaging
and the heads. Nothing is left to a processor's saturation, see `rounding.PAIR_LIMIT`.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from trainer.starter.lite0 import (
    INPUT_SIZE,
    PIXEL_MEAN,
    PIXEL_SCALE,
    GraphBuilder,
    Tensors,
    Window,
)
from trainer.starter.measured import Measured
from trainer.starter.rounding import (
    Rounded,
    channel_moments,
    neighbour_moments,
    round_channels,
    round_filters,
)

LEVELS = 255
RELU6 = (0.0, 6.0)

FILTER_LIKENESS = 0.9
"""Correlation of neighbouring values under a filter. On the first one .8 to .9 is best (error of
the embedding 1.1 %, 1.6 % at .95, 7.4 % rounded to nearest), later .95; they differ little."""

FLOAT_LAYERS = ("stem", "blocks.0.depthwise")
"""Layers left in float, and what is between them. Rounded, they made a third of the error."""

LARGEST_BIAS = 2.0**30


def int8_backbone(tensors: Tensors, measured: Measured, size: int = INPUT_SIZE) -> onnx.ModelProto:
    """Lay the graph from photo to embedding in 8-bit integers; takes a few seconds.

    Args:
        tensors: the checkpoint.
        measured: what was measured for these weights.
        size: side of the square input in pixels.

    Returns:
        A checked model, input and output as those of `lite0_backbone`.

    Raises:
        CheckpointError: a tensor is missing, or was not measured.
    """
    return _Int8Builder(tensors, measured, size).build()


class _Int8Builder(GraphBuilder):
    """Lays the same network; `step` is the step of the newest value, once it is whole."""

    def __init__(self, tensors: Tensors, measured: Measured, size: int) -> None:
        super().__init__(tensors, size)
        self.measured = measured
        self.step = 0.0

    def normalise(self) -> None:
        """Centre the pixels; the stem's weights do the rest."""
        self.add("Transpose", "channels_first", perm=[0, 3, 1, 2])
        self.add("Cast", "pixels", to=TensorProto.FLOAT)
        self.add("Sub", "centred", self.constant("pixel_mean", np.float32(PIXEL_MEAN)))

    def lay(
        self, name: str, weight: np.ndarray, bias: np.ndarray, window: Window, *, clip: bool
    ) -> None:
        """Lay a convolution with whole weights; the range of its answer does ReLU6's work."""
        if name in FLOAT_LAYERS:
            first = name == FLOAT_LAYERS[0]
            super().lay(name, weight / PIXEL_SCALE if first else weight, bias, window, clip=clip)
            if name == FLOAT_LAYERS[-1]:
                self.quantize(name, RELU6)
            return
        rounded = self.round(name, weight, bias, window)
        step = rounded.step.astype(np.float32)
        whole = rounded.whole.reshape(weight.shape).astype(np.int8)
        weights = self.whole_constant(f"{name}.weight", whole, step)
        bias_step = step * np.float32(self.step)
        biases = self.whole_constant(
            f"{name}.bias", np.round(bias / bias_step).astype(np.int32), bias_step
        )
        self.add("Conv", name, weights, biases, **window.attributes(len(weight)))
        self.quantize(name, RELU6 if clip else self.measured.range_of(name))

    def join(self, name: str, entry: str) -> None:
        """Add a block's input, and round the sum."""
        super().join(name, entry)
        self.quantize(name, self.measured.range_of(name))

    def round(
        self, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32], window: Window
    ) -> Rounded:
        """Return a layer's whole weights, O × (I · kernel · kernel)."""
        flat = weight.reshape(len(weight), -1).astype(np.float64)
        # A step so fine that the bias, in the same unit, overflowed would serve nobody.
        least = np.maximum(np.abs(bias.astype(np.float64)) / (LARGEST_BIAS * self.step), 1e-12)
        if window.depthwise:
            moments = neighbour_moments(window.kernel, FILTER_LIKENESS)
            return round_filters(flat, least, moments)
        *axes, deviation = self.measured.channels_of(name, flat.shape[1])
        return round_channels(flat, least, channel_moments(np.stack(axes), deviation))

    def quantize(self, name: str, span: tuple[float, float]) -> None:
        """Round the newest value to 256 levels of a range that holds 0."""
        low, high = min(span[0], 0.0), max(span[1], 0.0)
        self.step = float(np.float32((high - low) / LEVELS))
        zero = np.asarray(np.clip(round(-low / self.step), 0, LEVELS), np.uint8)
        names = (
            self.constant(f"{name}.step", np.float32(self.step)),
            self.constant(f"{name}.zero", zero),
        )
        self.add("QuantizeLinear", f"{name}.whole", *names)
        self.add("DequantizeLinear", f"{name}.rounded", *names)

    def whole_constant(
        self, name: str, whole: NDArray[np.int8 | np.int32], step: NDArray[np.float32]
    ) -> str:
        """Store whole numbers with a step for each output; return the name of their values."""
        inputs = [
            self.constant(f"{name}.whole", whole),
            self.constant(f"{name}.step", step),
            self.constant(f"{name}.zero", np.zeros(len(step), whole.dtype)),
        ]
        self.nodes.append(
            onnx.helper.make_node("DequantizeLinear", inputs, [name], name=name, axis=0)
        )
        return name
