"""Chinese: requests are said over in the English words that understanding knows."""

from __future__ import annotations

from agent.chinese.reading import ChineseReader, is_chinese

__all__ = ["ChineseReader", "is_chinese"]
