"""LLM backends behind one protocol: embedded engine, OpenAI-compatible server, transformers, deterministic fake."""
