# Build: docker build --tag tastemaker .
# Installs what `make install` does, without the extra `dev`; tests/serving/test_containers.py compares the two.

FROM python:3.11-slim AS build
WORKDIR /app
COPY . .
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --upgrade pip \
    && .venv/bin/python -m pip install --no-cache-dir --constraint constraints.txt --editable ".[cpu,postgres,mcp]"

# An editable install points at its folder, so that both stages have the same /app.
FROM python:3.11-slim
# The engine of the chat model and faiss count in parallel with OpenMP.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin tastemaker \
    && install --directory --owner tastemaker --group tastemaker /data /cache
COPY --from=build /app /app

# Written are /data (database, snapshots, uploads), /cache (fetched models) and /tmp only: the rest may be read-only.
# On an address that others reach the service refuses to start without identity: docs/security.md.
ENV PATH=/app/.venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TASTEMAKER_HOME=/data \
    TASTEMAKER_CACHE=/cache \
    TASTEMAKER_HOST=0.0.0.0 \
    TASTEMAKER_PORT=7860 \
    TASTEMAKER_IDENTITY__ENABLED=true
WORKDIR /data
USER tastemaker
VOLUME ["/data", "/cache"]
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/api/v1/health/live', timeout=4)"]
ENTRYPOINT ["tastemaker"]
CMD ["serve"]
