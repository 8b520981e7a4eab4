"""One visual language: Gradio's variables point at the tokens of ``page.css``; channels have one colour everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from gradio import themes

HERE = Path(__file__).parent

GAIN = "#2b8f7e"
LOSS = "#b5584c"
"""What speaks for and against an item, over all channels; ``page.css`` has the same as ``--gain`` and ``--loss``."""

CHANNELS = {
    "lightgcn": ("People like you", "#2f86a6"),
    "spectral": ("Tastes like yours", "#3d7d92"),
    "sasrec": ("What comes next", "#c2672d"),
    "content": ("Content", "#8563b5"),
    "item_to_item": ("Liked together", "#4f9150"),
    "transition": ("Goes with the last", "#a8841b"),
    "popularity": ("Popularity", "#8a8379"),
    "seed": ("Close to what you asked", "#6f7f2a"),
    "dialogue": ("Conversations such as this", "#4a7f8f"),
    "taste": ("Tastes that you named", "#7a7a35"),
    "disliked": ("Away from dislikes", "#b0564c"),
    "new": ("New items", "#c4577e"),
    "text": ("Text", "#8563b5"),
    "picture": ("Looks like your picture", "#3f6fbf"),
    "image": ("Picture", "#c2672d"),
    "attribute": ("Attributes", "#4f9150"),
    "behaviour": ("Behaviour", "#2f86a6"),
}
_SPARE = ("#3f7fbf", "#b0564c", "#5d8f7a", "#9a6fb0", "#a0792f", "#5f7a99")


def channel_label(name: str) -> str:
    """What the page calls a scorer or modality."""
    return CHANNELS[name][0] if name in CHANNELS else name.replace("_", " ").capitalize()


def channel_colour(name: str) -> str:
    """The colour of a scorer or modality; unknown ones get a stable spare colour. At least 3:1 on both grounds."""
    if name in CHANNELS:
        return CHANNELS[name][1]
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    return _SPARE[int.from_bytes(digest, "big") % len(_SPARE)]


def theme() -> themes.Base:
    """Gradio's theme with every colour taken from ``page.css``, so light and dark are set in one place.

    The font ships with Gradio: the page asks no other server for anything.
    """
    local = themes.LocalFont("IBM Plex Sans", weights=(400, 700))
    paired = {
        "body_background_fill": "var(--ground)",
        "background_fill_primary": "var(--ground)",
        "background_fill_secondary": "var(--panel)",
        "block_background_fill": "transparent",
        "block_border_color": "var(--line)",
        "block_label_background_fill": "transparent",
        "block_label_text_color": "var(--ink-soft)",
        "block_title_text_color": "var(--ink-soft)",
        "block_info_text_color": "var(--ink-soft)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--ink-soft)",
        "border_color_primary": "var(--line)",
        "border_color_accent": "var(--accent)",
        "color_accent_soft": "var(--accent-soft)",
        "input_background_fill": "var(--field)",
        "input_background_fill_focus": "var(--field)",
        "input_border_color": "var(--line-strong)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--ink-soft)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent-strong)",
        "button_primary_text_color": "var(--on-accent)",
        "button_primary_border_color": "var(--accent)",
        "button_secondary_background_fill": "var(--field)",
        "button_secondary_background_fill_hover": "var(--panel)",
        "button_secondary_text_color": "var(--ink)",
        "button_secondary_border_color": "var(--line-strong)",
        "panel_background_fill": "transparent",
        "link_text_color": "var(--accent)",
    }
    return themes.Base(
        font=[local, "system-ui", "sans-serif"],
        font_mono=[themes.LocalFont("IBM Plex Mono", weights=(400,)), "monospace"],
        radius_size="md",
        spacing_size="md",
        text_size="md",
    ).set(
        **paired,  # pyright: ignore[reportArgumentType]
        **{f"{name}_dark": value for name, value in paired.items()},  # pyright: ignore[reportArgumentType]
        block_shadow="none",
        block_border_width="0px",
        block_padding="0px",
        input_border_width="1px",
        input_radius="8px",
        input_shadow="none",
        input_shadow_focus="none",
    )


def stylesheet() -> str:
    """The page's own CSS."""
    return (HERE / "page.css").read_text(encoding="utf-8")


def script(*events: str, files: Sequence[str] = ()) -> str:
    """Event delegation for one ``gr.HTML``, which may send only ``events``, and scripts of its own.

    Gradio makes a listener for each name that stands in quotes in the script.
    """
    names = ", ".join(f'"{name}"' for name in events)
    parts = [(HERE / name).read_text(encoding="utf-8") for name in ("page.js", *files)]
    return f"const EVENTS = [{names}];\n" + "\n".join(parts)
