# The production image: no embedded servers, no compiler, no root.
FROM python:3.12-slim-bookworm AS packages
WORKDIR /build
COPY requirements/base.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r base.txt

FROM python:3.12-slim-bookworm
# WeasyPrint's libraries; the fonts come with the application.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home readiness \
    && install -d -o readiness -g readiness -m 700 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py ./
COPY readiness readiness
COPY checklist checklist
COPY reviews reviews
COPY templates templates
COPY static static
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    LOG_FORMAT=json \
    READINESS_DATA=/data \
    READINESS_STATIC=/app/collected
RUN python -m compileall -q readiness checklist reviews && READINESS_DATA=/tmp/data python manage.py collectstatic --no-input && rm -rf /tmp/data
USER readiness
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["python", "-m", "readiness.cli"]
CMD ["web"]
