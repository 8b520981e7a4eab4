"""Recall, rank, rerank: the one path from a user or a history to recommendations."""
