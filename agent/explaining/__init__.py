"""Explanations in words: a line, a paragraph or a full account of the evidence, in the reader's language."""
