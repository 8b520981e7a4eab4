from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTextConfig, CLIPTextModel

from encoders.efficientnet import EfficientNetLite0
from encoders.image import EfficientNetEncoder, ImageSettings, TransformersImageEncoder
from encoders.images import load_image
from store.errors import InputError, UnsafeInput

POSTERS = Path(__file__).parents[3] / "shared/data/movies/posters"


def noise(count: int, *, size: tuple[int, int] = (90, 120)) -> list[Image.Image]:
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 255, (count, 6, 5, 3), dtype=np.uint8)
    return [Image.fromarray(pixels).resize(size) for pixels in coarse]


def test_vectors_are_unit_length_and_batch_equals_single(image_encoder: EfficientNetEncoder) -> None:
    images = noise(5)
    vectors = image_encoder.encode(images)
    assert vectors.shape == (5, 1280)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    single = np.concatenate([image_encoder.encode([image]) for image in images])
    np.testing.assert_allclose(vectors, single, atol=1e-5)
    assert image_encoder.encode([]).shape == (0, 1280)


def test_features_of_fixed_pixels_are_those_of_the_reference(image_weights: Path) -> None:
    """The strongest features of a ramp, as efficientnet-lite-pytorch 0.1.0 gave them with the same weights."""
    ramp = torch.linspace(-1, 1, 3 * 224 * 224).reshape(1, 3, 224, 224)
    with torch.inference_mode():
        features = EfficientNetLite0.load(image_weights)(ramp)[0]
    values, places = features.topk(4)
    assert places.tolist() == [113, 897, 455, 930]
    assert values.tolist() == pytest.approx([4.49904, 3.66108, 3.53355, 3.47236], rel=1e-3)
    assert float(features.sum()) == pytest.approx(73.2227, rel=1e-3)


@pytest.mark.skipif(not POSTERS.is_dir(), reason="needs ../shared/data/movies/posters")
def test_a_cropped_poster_is_nearer_to_its_own_than_to_any_other(image_encoder: EfficientNetEncoder) -> None:
    posters = [load_image(path) for path in sorted(POSTERS.glob("*.jpg"))[:12]]
    cropped = [poster.crop((4, 6, poster.width - 6, poster.height - 4)).resize((120, 180)) for poster in posters]
    likeness = image_encoder.encode(cropped) @ image_encoder.encode(posters).T
    assert (likeness.argmax(axis=1) == np.arange(12)).all()


def test_a_pickle_offered_as_a_model_is_refused_and_not_run(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return sys.exit, ("the pickle was run",)

    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(UnsafeInput, match=r"weights\.pth is neither safetensors nor a checkpoint with a known hash"):
        EfficientNetEncoder(path)
    torch.save(EfficientNetLite0().state_dict(), path)
    with pytest.raises(UnsafeInput, match="neither safetensors"):
        EfficientNetEncoder(path)


def test_safetensors_weights_are_read(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = EfficientNetLite0().eval()
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    pixels = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        torch.testing.assert_close(EfficientNetLite0.load(tmp_path / "weights.safetensors")(pixels), model(pixels))


def tiny_clip_config() -> CLIPConfig:
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return CLIPConfig(
        text_config={**sizes, "vocab_size": 32, "max_position_embeddings": 8},
        vision_config={**sizes, "image_size": 32, "patch_size": 8},
        projection_dim=12,
    )


def save_tiny_clip(folder: Path) -> Path:
    torch.manual_seed(0)
    CLIPModel(tiny_clip_config()).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def test_clip_through_transformers(tmp_path: Path) -> None:
    encoder = TransformersImageEncoder(save_tiny_clip(tmp_path), ImageSettings(batch_size=2))
    images = noise(3)
    vectors = encoder.encode(images)
    assert vectors.shape == (3, encoder.dimension) == (3, 12)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    single = np.concatenate([encoder.encode([image]) for image in images])
    np.testing.assert_allclose(vectors, single, atol=1e-5)
    assert encoder.fingerprint == TransformersImageEncoder(tmp_path).fingerprint


def test_a_model_without_a_picture_tower_is_refused(tmp_path: Path) -> None:
    save_tiny_clip(tmp_path)
    CLIPTextModel(CLIPTextConfig(vocab_size=32, hidden_size=16, intermediate_size=16)).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="has no get_image_features"):
        TransformersImageEncoder(tmp_path)


def test_a_transformers_folder_with_a_pickle_only_is_refused(tmp_path: Path) -> None:
    folder = save_tiny_clip(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UnsafeInput, match="other formats of weights can run code"):
        TransformersImageEncoder(folder)


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="batch_size is 0, below 1"):
        ImageSettings(batch_size=0)
