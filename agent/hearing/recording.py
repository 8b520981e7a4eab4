"""A recording from outside: checked, then decoded to samples at the rate that a model wants."""

from __future__ import annotations

import io
import wave
from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from store.errors import UnsafeInput

Samples = NDArray[np.float32]
"""Sound in -1..1, [T]."""

RATES = range(8_000, 96_001)
"""Samples a second of a recording that is taken."""
CHANNELS = (1, 2)
_BYTES = 2
_FULL = 32_768.0
_FORM = "Send a WAV file: PCM, 16 bits, one or two channels, 8,000 to 96,000 samples a second."


def samples_of(content: bytes, *, rate: int, longest: float) -> Samples:
    """The sound of a WAV file, its channels averaged.

    Args:
        content: of the file.
        rate: samples a second that are wanted.
        longest: seconds.

    Raises:
        UnsafeInput: no such WAV file, empty, or longer. Nothing is decoded before its header has been checked.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = file.getparams()
            _check(form.nchannels, form.sampwidth, form.framerate)
            _check_length(form.nframes / form.framerate, longest)
            frames = file.readframes(form.nframes)
    except (wave.Error, EOFError, ValueError, RuntimeError) as error:
        raise UnsafeInput(f"the recording cannot be read: {error or 'it ends too early'}", fix=_FORM) from None
    width = form.nchannels * _BYTES
    whole = np.frombuffer(frames[: len(frames) // width * width], dtype="<i2").reshape(-1, form.nchannels)
    if not len(whole):
        raise UnsafeInput("the recording holds no sound", fix="Record again, a second or longer.")
    mono = whole.mean(axis=1) / _FULL
    if form.framerate != rate:
        common = gcd(rate, form.framerate)
        mono = resample_poly(mono, rate // common, form.framerate // common)
    return np.ascontiguousarray(mono, dtype=np.float32)


def _check(channels: int, width: int, rate: int) -> None:
    if channels not in CHANNELS or width != _BYTES or rate not in RATES:
        raise UnsafeInput(
            f"the recording has {channels} channels of {8 * width} bits, {rate:,} samples a second", fix=_FORM
        )


def _check_length(seconds: float, longest: float) -> None:
    if seconds > longest:
        raise UnsafeInput(
            f"the recording is {seconds:.1f} seconds long, more than {longest:g}", fix="Say it in fewer words."
        )
