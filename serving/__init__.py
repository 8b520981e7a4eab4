"""Settings, CLI, HTTP API and Gradio UI: thin adapters, the only place that knows HTTP or Gradio."""
