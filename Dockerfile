# One image for web, workers and scheduler. Two stages: what builds does not ship.
FROM python:3.13.11-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
COPY requirements.lock pyproject.toml ./
# uv as the lock pins it; then, of the lock's lines, those that are not for tests and tools alone.
RUN awk '/^[^ ]/ { ours = /^uv==/ } ours' requirements.lock >uv.txt \
    && python -m venv /uv && /uv/bin/pip install --quiet --require-hashes -r uv.txt \
    && /uv/bin/uv pip compile pyproject.toml --quiet --constraint requirements.lock --no-header --no-annotate -o needed.txt \
    && awk -F'==' 'NR == FNR { needed[$1]; next } /^[^ ]/ { ours = ($1 in needed) } ours' needed.txt requirements.lock >runtime.txt \
    && python -m venv --without-pip /opt/vitrine \
    && /uv/bin/uv pip sync --quiet --python /opt/vitrine/bin/python --require-hashes --compile-bytecode runtime.txt \
    # As in the editable install: both source roots on the path, behind the standard library and its `platform`.
    && printf '/srv/vitrine\n/srv/vitrine/platform\n' >"$(/opt/vitrine/bin/python -c 'import site; print(site.getsitepackages()[0])')/vitrine.pth"
# The letters of PDF reports: without it they have those of Western Europe only.
RUN apt-get update && apt-get install --yes --no-install-recommends fonts-dejavu-core && rm -rf /var/lib/apt/lists/*
COPY . /srv/vitrine
# Static files are gathered and compressed once, here. These settings live for this line only.
RUN cd /srv/vitrine \
    && VITRINE_PRODUCTION=true VITRINE_DATA_DIR=/tmp/build \
        VITRINE_SECRET_KEY="$(/opt/vitrine/bin/python -c 'import secrets; print(secrets.token_urlsafe(60))')" \
        VITRINE_ALLOWED_HOSTS=build DATABASE_URL=sqlite:////tmp/build/none.sqlite3 VITRINE_STATIC_DIR=/srv/static \
        /opt/vitrine/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.13.11-slim-trixie
RUN groupadd --gid 10001 vitrine && useradd --uid 10001 --gid vitrine --no-create-home --shell /usr/sbin/nologin vitrine \
    && install -d -o vitrine -g vitrine /var/lib/vitrine /var/lib/vitrine/tmp /var/lib/vitrine/numba /shared
COPY --from=build /opt/vitrine /opt/vitrine
COPY --from=build /srv /srv
COPY --from=build /usr/share/fonts/truetype/dejavu /usr/share/fonts/truetype/dejavu
COPY --from=build /usr/share/doc/fonts-dejavu-core/copyright /usr/share/doc/fonts-dejavu-core/copyright
WORKDIR /srv/vitrine
ENV PATH=/opt/vitrine/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    VITRINE_PRODUCTION=true \
    VITRINE_DATA_DIR=/var/lib/vitrine \
    VITRINE_STATIC_DIR=/srv/static \
    VITRINE_HOST=0.0.0.0 \
    TMPDIR=/var/lib/vitrine/tmp \
    NUMBA_CACHE_DIR=/var/lib/vitrine/numba
USER vitrine
# What cuts products out is compiled at its first import, and numba needs a folder to keep that in: a new volume begins
# with it. On another processor than this one's it is compiled once more.
RUN python -c 'import pymatting'
VOLUME /var/lib/vitrine
EXPOSE 8000
STOPSIGNAL SIGTERM
# Only /var/lib/vitrine, /tmp and, where it is used, /shared are written to: the rest may be mounted read-only.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/healthz', headers={'Host': 'web'}), timeout=4)"]
CMD ["gunicorn", "-c", "python:vitrine.serving", "vitrine.wsgi"]
