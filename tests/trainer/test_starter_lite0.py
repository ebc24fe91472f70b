"""The graph laid by hand answers as torch does on real photos."""

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from trainer.starter.checkpoint import CheckpointError, read_checkpoint
from trainer.starter.lite0 import imagenet_classifier, lite0_backbone
from trainer.starter.weights import weights_path

PHOTOS = 24


@pytest.fixture(scope="module")
def tensors():
    return read_checkpoint(weights_path())


@pytest.fixture(scope="module")
def photos(test_data):
    """Real photos of dogs, landscapes and clothes: uint8 [24, 224, 224, 3]."""
    paths = []
    for folder in ("dogs/photos", "scenes/images", "garments/photos"):
        paths += sorted((test_data / folder).glob("*.jpg"))[: PHOTOS // 3]
    assert len(paths) == PHOTOS
    resized = [Image.open(path).convert("RGB").resize((224, 224), 3) for path in paths]
    return np.stack([np.asarray(image) for image in resized])


def torch_answers(tensors, photos):
    """Embedding [N, 1280] and probabilities [N, 1000] of timm's model with the same weights."""
    torch = pytest.importorskip("torch")
    timm = pytest.importorskip("timm")
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    renamed = dict(zip(model.state_dict(), map(torch.from_numpy, tensors.values()), strict=True))
    model.load_state_dict(renamed, strict=True)
    pixels = (torch.from_numpy(photos).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.no_grad():
        features = model.forward_head(model.forward_features(pixels), pre_logits=True)
        return features.numpy(), model.get_classifier()(features).softmax(1).numpy()


@pytest.mark.slow
def test_embedding_and_probabilities_equal_torchs_within_1e_4(tensors, photos):
    model = lite0_backbone(tensors)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (embedding,) = session.run(["embedding"], {"image": photos})
    weight, bias = imagenet_classifier(tensors)
    logits = embedding @ weight + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)

    expected_embedding, expected_probabilities = torch_answers(tensors, photos)
    assert embedding.shape == (PHOTOS, 1280)
    assert np.abs(embedding - expected_embedding).max() <= 1e-4
    assert np.abs(probabilities - expected_probabilities).max() <= 1e-4


def test_a_photo_gets_the_same_embedding_alone_and_in_a_batch(tensors, photos):
    session = onnxruntime.InferenceSession(
        lite0_backbone(tensors).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    together = session.run(["embedding"], {"image": photos[:5]})[0]
    alone = np.concatenate(
        [session.run(["embedding"], {"image": photos[at : at + 1]})[0] for at in range(5)]
    )
    assert np.abs(together - alone).max() <= 1e-5


def test_weights_of_another_network_are_refused(tensors):
    with pytest.raises(CheckpointError, match=r"hold no tensor '_blocks\.3\._bn1\.bias'"):
        lite0_backbone({k: v for k, v in tensors.items() if k != "_blocks.3._bn1.bias"})
    wrong = dict(tensors) | {"_conv_stem.weight": np.zeros((32, 3, 5, 5), np.float32)}
    with pytest.raises(CheckpointError, match=r"not EfficientNet-Lite0's"):
        lite0_backbone(wrong)
