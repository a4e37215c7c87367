# The program and its workers, installed from the lock, run by a user without rights.
# docker build -t verify .

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/verify
COPY requirements requirements
RUN /opt/verify/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt -r requirements/all.txt
COPY pyproject.toml README.md ./
COPY verify verify
COPY workers workers
RUN /opt/verify/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
# bubblewrap shuts the decoder in more tightly where the host allows it; `verify doctor` says whether it does.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /data verify \
    && install --directory --owner verify --group verify /data
COPY --from=build /opt/verify /opt/verify
ENV PATH=/opt/verify/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VERIFY_HOME=/data \
    VERIFY_LOG_FORMAT=json
USER verify
WORKDIR /data
VOLUME /data
EXPOSE 8400
CMD ["verify", "serve"]
