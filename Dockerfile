# One image for all stages; compose names the command. Not built by the tests: see README, "What has not been run".
ARG PYTHON_IMAGE=python:3.12.12-slim-bookworm
FROM ${PYTHON_IMAGE} AS build
WORKDIR /counterpoint
COPY requirements/runtime.lock requirements/page.lock requirements/
# Everything by its hash, and nothing is compiled: a package without a wheel stops the build.
RUN python -m venv --without-pip /venv \
 && pip --python /venv/bin/python install --no-cache-dir --no-deps --require-hashes --only-binary=:all: \
    -r requirements/runtime.lock -r requirements/page.lock
COPY pyproject.toml README.md ./
COPY plugin plugin
COPY stream stream
COPY migrations migrations
COPY triton_models triton_models
RUN pip --python /venv/bin/python install --no-cache-dir --no-deps --no-build-isolation --no-index -e . \
 && pip --python /venv/bin/python uninstall --yes setuptools

FROM ${PYTHON_IMAGE}
# Who gets in finds nothing to build or install with.
RUN pip uninstall --yes --no-input --root-user-action=ignore pip \
 && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin counterpoint
WORKDIR /counterpoint
COPY --from=build /venv /venv
COPY --from=build /counterpoint /counterpoint
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
ENTRYPOINT ["counterpoint"]
