# Digests: see "Images" in docs/operations.md.
FROM python:3.13-slim-trixie AS build

WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY manage.py ./
COPY clockwise clockwise
COPY calendars calendars
COPY scheduling scheduling
COPY scim scim
COPY privacy privacy
COPY templates templates
# The address is never used: no command here needs a service.
RUN CLOCKWISE_WITHOUT_SERVICES=1 DATABASE_URL=postgres://none@localhost/none \
    /venv/bin/python manage.py collectstatic --noinput \
    && NUMBA_CACHE_DIR=/numba /venv/bin/python -m scheduling.engine --warm-up


FROM caddy:2.11-alpine AS proxy

# The program has a file capability, with which a container without capabilities may not run it; a copy has none.
ENV XDG_DATA_HOME=/var/lib/proxy
RUN cp /usr/bin/caddy /tmp/caddy && mv /tmp/caddy /usr/bin/caddy \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/proxy
COPY Caddyfile /etc/caddy/Caddyfile
USER 10001:10001
EXPOSE 8080 8443
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s \
    CMD ["wget", "-q", "-O", "/dev/null", "--spider", "http://127.0.0.1:8080/proxy-lives"]
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]


FROM python:3.13-slim-trixie

ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/var/cache/clockwise/numba
# Volumes begin with these folders' owner and mode.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin clockwise \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/clockwise/keystore /var/cache/clockwise
COPY --from=build /venv /venv
COPY --from=build --chown=10001:10001 /numba /var/cache/clockwise/numba
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(web.Request('http://127.0.0.1:8000/healthz', headers={'Host': os.environ['CLOCKWISE_BASE_URL'].split('//')[1]}), timeout=4)"]
CMD ["gunicorn", "clockwise.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--worker-tmp-dir", "/tmp", "--access-logfile", "/dev/null", "--no-control-socket"]
