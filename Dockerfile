# One image for all stages; compose names the command. Not built by the tests: see README, "What has not been run".
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /counterpoint

COPY requirements/runtime.lock requirements/runtime.lock
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary=:all: -r requirements/runtime.lock

COPY pyproject.toml README.md alembic.ini ./
COPY plugin plugin
COPY stream stream
COPY migrations migrations
RUN pip install --no-cache-dir --no-deps --no-build-isolation --no-index -e . \
 && useradd --system --no-create-home counterpoint
USER counterpoint

ENTRYPOINT ["counterpoint"]
