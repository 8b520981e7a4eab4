"""The models from outside that a service runs: found by its settings, loaded when they are asked for.

Imports of torch and transformers take seconds and most commands need neither, so that they stand inside the functions.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from serving.settings import LLMSection, Settings, VoiceSection
from store.assets import AssetCache, AssetProgress

if TYPE_CHECKING:
    from agent.hearing import Listener
    from agent.intent_model import LearnedIntents
    from agent.llm.factory import LLMSettings
    from agent.llm.protocol import LLM
    from encoders.content import ContentEncoder

OnAsset = Callable[[AssetProgress], None]

_READ = 64
"""Texts whose tokens' states are kept."""


def text_model(settings: Settings, assets: AssetCache, on_asset: OnAsset | None) -> Path | str:
    """Folder or hub id of the text encoder. Raises ``AssetError`` where it cannot be had."""
    return settings.text_encoder or assets.fetch("text-encoder", on_progress=on_asset)


def content_encoder(settings: Settings, assets: AssetCache, on_asset: OnAsset | None) -> ContentEncoder:
    """Text and pictures to vectors, over the cache of all homes. Raises ``AssetError`` where a model cannot be had."""
    from transformers.utils.logging import disable_progress_bar

    from encoders.cache import EmbeddingCache
    from encoders.content import ContentEncoder
    from encoders.image import EfficientNetEncoder, TransformersImageEncoder
    from encoders.text import TextEncoder

    disable_progress_bar()  # it draws over ours, for work of a moment
    if settings.image_encoder:
        image = TransformersImageEncoder(settings.image_encoder)
    else:
        image = EfficientNetEncoder(assets.fetch("image-encoder", on_progress=on_asset))
    text = TextEncoder(text_model(settings, assets, on_asset))
    return ContentEncoder(text=text, image=image, cache=EmbeddingCache(settings.cache / "embeddings.db"))


def learned_intents(encoder: ContentEncoder) -> LearnedIntents | None:
    """Learned intents and roles over an encoder; None for one that they were not learned with."""
    from agent.english import INTENTS_FILE, ROLES_FILE
    from agent.intent_model import LearnedIntents
    from agent.word_roles import LearnedRoles

    encoded_by = encoder.text_fingerprint
    # A chat reads a message twice: what it asks for, and what it leads to.
    token_states = lru_cache(_READ)(encoder.token_states)
    roles = LearnedRoles.open(ROLES_FILE, token_states, encoder=encoded_by)
    return LearnedIntents.open(INTENTS_FILE, token_states, encoder=encoded_by, roles=roles)


def language_model(section: LLMSection, assets: AssetCache, on_asset: OnAsset | None) -> LLM | None:
    """What writes the words; None where the settings want none.

    Raises:
        TastemakerError: it cannot be had.
    """
    from agent.llm.factory import build

    model = section.model
    if not model and section.backend == "embedded":
        model = str(assets.fetch("chat-model", on_progress=on_asset))
    return build(llm_settings(section, model=model))


def listener(section: VoiceSection) -> Listener | None:
    """What hears recordings; None where no model is set.

    Raises:
        InputError: the folder holds none.
        UnsafeInput: its weights could run code.
    """
    from agent.hearing import Listener, ListenerSettings

    if not section.model:
        return None
    return Listener(ListenerSettings(Path(section.model), longest=section.longest, deadline=section.deadline))


def llm_settings(section: LLMSection, *, model: str) -> LLMSettings:
    """The agent's settings from the section of ours."""
    from agent.llm.factory import LLMSettings

    return LLMSettings(
        backend=section.backend,
        model=model,
        base_url=section.base_url,
        api_key=section.api_key.get_secret_value(),
        slots=section.slots,
        threads=min(section.threads, os.cpu_count() or 1),
        context=section.context,
        device=section.device,
    )
