"""LLM backends, request understanding, tools, dialogue, explanations in words."""
