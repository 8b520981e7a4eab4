"""Recordings become words: what is taken, what is refused, and that one is listened to at a time."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from agent.hearing import Listener, ListenerSettings
from agent.hearing.recording import samples_of
from store.errors import BackendError, BackendTimeout, BusyError, InputError, UnsafeInput
from tests.speech import save_whisper, wav

RATE = 16_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("speech") / "whisper")


@pytest.fixture(scope="module")
def listener(model: Path) -> Listener:
    return Listener(ListenerSettings(model))


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 1), (44_100, 2), (8_000, 2)])
def test_sound_comes_at_the_rate_of_the_model(rate: int, channels: int) -> None:
    samples = samples_of(wav(0.5, rate=rate, channels=channels), rate=RATE, longest=1)
    assert samples.dtype == np.float32
    assert samples.shape == (RATE // 2,)
    inside = samples[1_000:-1_000]  # a resampler rings at the ends
    assert np.abs(inside).max() == pytest.approx(0.5, abs=0.02)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()] == pytest.approx(440)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"RIFF", "cannot be read"),
        (b"\xff\xfb\x90\x00" * 100, "cannot be read"),
        (wav()[:30], "cannot be read"),
        (wav(width=4), "1 channels of 32 bits"),
        (wav(channels=3), "3 channels of 16 bits"),
        (wav(rate=200_000), "200,000 samples a second"),
        (wav(0), "no sound"),
        (wav(2.5), "2.5 seconds long, more than 2"),
    ],
)
def test_what_is_no_such_recording_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UnsafeInput, match=message):
        samples_of(content, rate=RATE, longest=2)


def test_a_header_that_promises_more_than_there_is_costs_nothing() -> None:
    content = bytearray(wav(1.0))
    content[40:44] = (2**31).to_bytes(4, "little")
    with pytest.raises(UnsafeInput, match="seconds long"):
        samples_of(bytes(content), rate=RATE, longest=30)


def test_words_come_from_the_real_model(listener: Listener) -> None:
    said = listener.heard(wav())
    assert said
    assert said == listener.heard(wav(rate=48_000, channels=2))
    assert "<|" not in said


def test_a_recording_that_is_refused_leaves_room_for_the_next(listener: Listener) -> None:
    for _ in range(5):
        with pytest.raises(UnsafeInput):
            listener.heard(b"no sound")
    assert listener.heard(wav())


def test_words_that_come_too_late_are_no_words(model: Path) -> None:
    with pytest.raises(BackendTimeout, match="not there after"):
        Listener(ListenerSettings(model, deadline=1e-6)).heard(wav())


def test_one_is_listened_to_at_a_time_and_few_wait(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(ListenerSettings(model))
    go = threading.Event()
    inside: list[int] = []
    refused: list[BusyError] = []

    def loaded() -> None:
        inside.append(1)
        assert go.wait(timeout=30)
        most.append(len(inside))
        inside.pop()
        raise BackendError("enough", fix="Nothing.")

    def listen() -> None:
        try:
            listener.heard(wav())
        except BusyError as error:
            refused.append(error)
            go.set()
        except BackendError:
            pass

    most: list[int] = []
    monkeypatch.setattr(listener, "_loaded", loaded)
    threads = [threading.Thread(target=listen) for _ in range(4)]  # one is heard, two wait
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert most == [1, 1, 1]
    assert len(refused) == 1
    assert refused[0].status == 503


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="TASTEMAKER_VOICE__MODEL"):
        Listener(ListenerSettings(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UnsafeInput, match=r"no \.safetensors"):
        Listener(ListenerSettings(tmp_path))


def test_a_broken_model_is_told_and_not_hidden(tmp_path: Path, model: Path) -> None:
    for file in ("config.json", "model.safetensors"):
        (tmp_path / file).write_bytes((model / file).read_bytes()[:100])
    with pytest.raises(BackendError, match="cannot be loaded"):
        Listener(ListenerSettings(tmp_path)).heard(wav())


@pytest.mark.parametrize("wrong", [{"longest": 0.5}, {"longest": 31}, {"deadline": 0}])
def test_settings_have_bounds(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        ListenerSettings(tmp_path, **wrong)
