"""The HTTP API: FastAPI routes over the service, problems as RFC 9457 documents, metrics."""
