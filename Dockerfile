# docker build -t dlexplain .                          on the processor
# docker build -t dlexplain --build-arg TORCH=cuda .   with NVIDIA's CUDA packages
# docker build -t dlexplain-ray --build-arg RAY=1 .    with what deploy/compose.yaml needs
FROM python:3.11-slim
ARG TORCH=cpu
ARG RAY=""
ENV PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    OMP_WAIT_POLICY=PASSIVE \
    DLEXPLAIN_HOME=/data \
    MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /app
COPY requirements.txt requirements-ray.txt requirements-postgres.txt requirements.lock requirements-no-deps.lock ./
RUN if [ "$TORCH" = cpu ]; then \
        pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu; \
    fi && pip install --no-deps --require-hashes -r requirements.lock \
    && pip install -r requirements.txt -r requirements-postgres.txt \
    && pip install --no-deps --require-hashes -r requirements-no-deps.lock \
    && if [ -n "$RAY" ]; then \
        pip install -r requirements-ray.txt s3fs==2026.9.0 boto3; \
    fi
RUN useradd --create-home dlexplain && mkdir /data && chown dlexplain /data
COPY LICENSE NOTICE app.py ./
COPY .streamlit ./.streamlit
COPY scripts ./scripts
COPY pages ./pages
COPY docs/glossary.md docs/glossary.zh.md ./docs/
COPY dlexplain ./dlexplain
# pip has compiled the packages; nothing of ours is compiled while it runs, nor can it be where the
# file system is read-only.
RUN python -m compileall -q app.py pages scripts dlexplain
USER dlexplain
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://localhost:8501/healthz', timeout=4)"]
# Whoever reaches the port has all rights, so publish it to this machine only (-p 127.0.0.1:8501:8501),
# unless people sign in: -v ./secrets.toml:/app/.streamlit/secrets.toml:ro, see docs/security.md; --open
# changes nothing then.
# It answers as localhost; -e DLEXPLAIN_ALLOWED_HOSTS=NAME adds other names.
CMD ["python", "scripts/serve.py", "--open", "--server.address", "0.0.0.0", "--server.port", "8501"]
