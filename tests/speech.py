"""A recogniser of speech that was never trained, and recordings for it: it hears rubbish, by the real path."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

_END, _START, _PLAIN = "<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"
_LANGUAGES, _TASKS = ("<|en|>", "<|zh|>"), ("<|transcribe|>", "<|translate|>")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def save_whisper(folder: Path) -> Path:
    """A Whisper of one layer with random weights, its tokenizer and its feature extractor."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({letter: n for n, letter in enumerate(_LETTERS)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    ends: dict[str, Any] = dict.fromkeys(("unk_token", "bos_token", "eos_token", "pad_token"), _END)
    tokenizer = WhisperTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), **ends)
    tokenizer.add_special_tokens({"additional_special_tokens": [_START, *_LANGUAGES, *_TASKS, _PLAIN]})
    places = tokenizer.get_vocab()
    end, start, plain, *others = (places[mark] for mark in (_END, _START, _PLAIN, *_LANGUAGES, *_TASKS))
    marks: dict[str, Any] = {
        "pad_token_id": end,
        "bos_token_id": end,
        "eos_token_id": end,
        "decoder_start_token_id": start,
    }
    sizes: dict[str, Any] = {f"{part}_{name}": size for part in ("encoder", "decoder") for name, size in _SIZES.items()}
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(WhisperConfig(vocab_size=len(tokenizer), d_model=16, **sizes, **marks))
    model.generation_config = GenerationConfig(
        is_multilingual=True,
        lang_to_id=dict(zip(_LANGUAGES, others[:2], strict=True)),
        task_to_id={"transcribe": others[2], "translate": others[3]},
        no_timestamps_token_id=plain,
        return_timestamps=False,
        max_length=12,
        **marks,
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)
    return folder


_SIZES = {"layers": 1, "attention_heads": 2, "ffn_dim": 16}


def wav(seconds: float = 1.0, *, rate: int = 16_000, channels: int = 1, width: int = 2, hertz: float = 440.0) -> bytes:
    """A tone, the same in all channels."""
    tone = np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    whole = (tone * 0.5 * (2 ** (8 * width - 1) - 1)).astype(f"<i{width}")
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.repeat(whole, channels).tobytes())
    return held.getvalue()
