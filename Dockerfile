# crystal-hybrid without a screen; what it writes goes to /runs, as user 1000:
#   docker build -t crystal-hybrid .
#   docker run --rm -it -v "$PWD/runs:/runs" crystal-hybrid init .
#   docker run --rm -it -v "$PWD/runs:/runs" crystal-hybrid train
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12.12-slim-bookworm
ENV PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
COPY constraints.txt /tmp/constraints.txt
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl --constraint /tmp/constraints.txt \
    && rm -r /wheels /tmp/constraints.txt \
    && useradd --create-home --uid 1000 trainer \
    && install --directory --owner 1000 /runs
USER 1000
WORKDIR /runs
VOLUME /runs
ENTRYPOINT ["crystal-agent"]
CMD ["--help"]
