"""Embeddings by a new backbone, through ONNX Runtime as the suggester would compute them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from tagger.bundle.graph import EMBEDDING, model_bytes
from tagger.core.preprocessing import Preprocessing
from trainer.deep.graph_net import GraphNet
from trainer.feeding.feed import Feed
from trainer.feeding.pixels import PixelStore, decoding_threads
from trainer.session import open_session

_BATCH = 16
_THREADS = 4


class NewEmbeddings:
    """Embeddings of a library's photos by a new backbone, computed where they are asked for.

    They are rounded to float16, as the cache will keep them.

    Attributes:
        backbone: image → embedding.
    """

    def __init__(
        self,
        backbone: onnx.ModelProto,
        preprocessing: Preprocessing,
        path_of: Callable[[int], Path],
        tell: Callable[[int], None],
    ) -> None:
        """Open the graph.

        Args:
            backbone: image → embedding.
            preprocessing: of the new bundle.
            path_of: slot → photo file.
            tell: told how many photos are done.
        """
        self.backbone = backbone
        self._run = open_session(model_bytes(backbone))
        self._preprocessing = preprocessing
        self._path_of = path_of
        self._tell = tell
        self._rows: dict[int, NDArray[np.float16]] = {}

    def read(self, slots: NDArray[np.int64]) -> NDArray[np.float16]:
        """Return float16 [n, D] of slots; photos that cannot be read give what grey gives."""
        missing = [slot for slot in dict.fromkeys(slots.tolist()) if slot not in self._rows]
        photos = [self._path_of(slot) for slot in missing]
        store = PixelStore(photos, self._preprocessing, kept_bytes=0)
        with decoding_threads(_THREADS) as pool:
            for batch in Feed(store, pool, _BATCH).plain(np.arange(len(missing))):
                rows = self.compute(batch.images.numpy()).astype(np.float16)
                slots_done = [missing[at] for at in batch.rows.tolist()]
                self._rows.update(zip(slots_done, rows, strict=True))
                self._tell(len(self._rows))
        return np.stack([self._rows[slot] for slot in slots.tolist()])

    def compute(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the graph gives for model input uint8 [n, H, W, 3]: float32 [n, D]."""
        return self._run(pixels)[EMBEDDING]


@torch.no_grad()
def torch_embeddings(net: GraphNet, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what the trained module itself gives: float32 [n, D]."""
    net.eval()
    return net(torch.from_numpy(pixels)).numpy()
