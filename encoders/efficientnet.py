"""EfficientNet-Lite0 (Tan & Le 2019; the Lite variant has no squeeze-and-excitation and ReLU6 instead of swish)."""

from __future__ import annotations

import math
import re
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from encoders.weights import load_weights

IMAGE_SIZE = 224
FEATURES = 1280
# Per stage: repeats, kernel, stride of the first block, expansion, channels out (table 1 of the paper).
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
NORM_EPSILON = 1e-3
# The checkpoint's names -> ours, applied in this order.
RENAMES = (
    (r"^_conv_stem\.", "stem.convolution."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "head.convolution."),
    (r"^_bn1\.", "head.norm."),
    (r"^_blocks\.", "blocks."),
    (r"\._expand_conv\.", ".expand.convolution."),
    (r"\._bn0\.", ".expand.norm."),
    (r"\._depthwise_conv\.", ".depthwise.convolution."),
    (r"\._bn1\.", ".depthwise.norm."),
    (r"\._project_conv\.", ".project.convolution."),
    (r"\._bn2\.", ".project.norm."),
)


class ConvolutionNorm(nn.Module):
    """Convolution with TensorFlow's SAME padding (the odd pixel goes right and below), then batch normalisation."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride=stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=NORM_EPSILON)

    def forward(self, pixels: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, ceil(H / stride), ceil(W / stride)]."""
        height, width = (self._padding(size) for size in pixels.shape[-2:])
        if height or width:  # where there is nothing to add, padding would still copy
            pixels = functional.pad(pixels, (width // 2, width - width // 2, height // 2, height - height // 2))
        return self.norm(self.convolution(pixels))

    def fold(self) -> None:
        """Put what the normalisation does into the convolution, for a network that is not trained any more."""
        assert isinstance(self.norm, nn.BatchNorm2d)
        self.convolution = fuse_conv_bn_eval(self.convolution, self.norm)
        self.norm = nn.Identity()

    def _padding(self, size: int) -> int:
        return max((math.ceil(size / self.stride) - 1) * self.stride + self.kernel - size, 0)


class InvertedBottleneck(nn.Module):
    """Expand, filter each channel, project; with a shortcut where the shape stays (Sandler et al. 2018, fig. 3)."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = ConvolutionNorm(inputs, inner, kernel=1) if expansion > 1 else None
        self.depthwise = ConvolutionNorm(inner, inner, kernel=kernel, stride=stride, groups=inner)
        self.project = ConvolutionNorm(inner, outputs, kernel=1)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, pixels: Tensor) -> Tensor:
        """[B, inputs, H, W] -> [B, outputs, ceil(H / stride), ceil(W / stride)]."""
        hidden = pixels if self.expand is None else functional.relu6(self.expand(pixels), inplace=True)
        hidden = self.project(functional.relu6(self.depthwise(hidden), inplace=True))
        return hidden + pixels if self.shortcut else hidden


class EfficientNetLite0(nn.Module):
    """The network up to its pooled features; the ImageNet classifier is left out."""

    def __init__(self) -> None:
        super().__init__()
        channels = 32
        self.stem = ConvolutionNorm(3, channels, kernel=3, stride=2)
        blocks: list[nn.Module] = []
        for repeats, kernel, stride, expansion, outputs in STAGES:
            for repeat in range(repeats):
                blocks.append(
                    InvertedBottleneck(
                        channels, outputs, kernel=kernel, stride=1 if repeat else stride, expansion=expansion
                    )
                )
                channels = outputs
        self.blocks = nn.ModuleList(blocks)
        self.head = ConvolutionNorm(channels, FEATURES, kernel=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pooled features.

        Args:
            pixels: float32 [B, 3, 224, 224], scaled to (value - 127) / 128.

        Returns:
            float32 [B, 1280].
        """
        hidden = functional.relu6(self.stem(pixels), inplace=True)
        for block in self.blocks:
            hidden = block(hidden)
        return functional.relu6(self.head(hidden), inplace=True).mean(dim=(2, 3))

    @classmethod
    def load(cls, path: Path) -> EfficientNetLite0:
        """The network with the weights of the asset "image-encoder", or of a safetensors file with our own names.

        It is for use, not for training: the normalisation is folded into the convolutions.

        Raises:
            UnsafeInput: a pickle whose hash is not pinned.
        """
        model = cls()
        weights = {_our_name(name): tensor for name, tensor in load_weights(path).items() if not name.startswith("_fc")}
        model.load_state_dict(weights)
        model.eval().requires_grad_(False)
        for part in model.modules():
            if isinstance(part, ConvolutionNorm):
                part.fold()
        return model


def _our_name(name: str) -> str:
    for pattern, replacement in RENAMES:
        name = re.sub(pattern, replacement, name)
    return name


def preprocess(pixels: Tensor) -> Tensor:
    """uint8 [B, 224, 224, 3] -> what ``EfficientNetLite0.forward`` takes."""
    return (pixels.permute(0, 3, 1, 2).to(torch.float32) - 127.0) / 128.0
