"""The Gradio page: Chat, Onboard, Why, Status."""
