"""Text and image encoders, their cache, and the projector from content to collaborative space."""
