# The server as an image; docs/docker.md has how to run it, alone or beside a Label Studio.
# It writes to /data and /tmp and nowhere else, so its root may be read-only.

# Script and fonts of the web pages. Nothing of Node gets into the image.
FROM node:22.22.3-bookworm-slim AS packages
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM python:3.11.15-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /source
RUN python -m venv /opt/prompts
# The requirements first: a change of the code then builds without fetching them again.
COPY requirements.txt requirements-local.txt requirements-litellm.txt requirements-dev.txt ./
RUN /opt/prompts/bin/pip install -r requirements.txt
COPY pyproject.toml README.md LICENSE package-lock.json ./
COPY ml_backend ml_backend
COPY scripts/assets.py scripts/assets.py
COPY scripts/packing.py scripts/packing.py
COPY --from=packages /source/node_modules node_modules
RUN python scripts/assets.py
RUN /opt/prompts/bin/pip install --no-deps .

FROM python:3.11.15-slim-bookworm
LABEL org.opencontainers.image.title="Prompts for Label Studio" \
      org.opencontainers.image.licenses="Apache-2.0"
# Numbers rather than names: Kubernetes only believes in a non-root user it can tell by number.
RUN groupadd --gid 10001 prompts && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data prompts
RUN mkdir /data && chown 10001:10001 /data && chmod 700 /data
COPY --from=build /opt/prompts /opt/prompts
ENV PATH=/opt/prompts/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=9090
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 9090
# Without credentials: /health needs none.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health', timeout=4)"]
CMD ["ls-prompts", "serve"]
