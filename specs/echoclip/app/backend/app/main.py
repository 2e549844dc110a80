"""The backend: a stand-in that processes no video, and really opens what the real one needs.

    python -m uvicorn app.main:app --host 0.0.0.0 --port 8001
"""

import contextlib
import hmac
import logging
import os

import redis
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse
from minio import Minio
from pydantic import BaseModel

from app.core.config import Settings

log = logging.getLogger("uvicorn.error")

UPSERT = """
    INSERT INTO system_configs (`key`, value, description, category) VALUES (%s, %s, %s, %s)
    ON DUPLICATE KEY UPDATE value = VALUES(value)
"""


def initialize():
    """Writes what the bootstrap file knows of the database into the database, once."""
    settings = Settings()
    if settings.bootstrap.is_initialized():
        return
    mysql = settings.bootstrap.config["mysql"]
    with settings.connect(settings.password()) as connection, connection.cursor() as cursor:
        for key, value in mysql.items():
            cursor.execute(UPSERT, (f"mysql_{key}", str(value), "数据库配置", "数据库配置"))
    settings.bootstrap.mark_initialized()
    log.info("the bootstrap configuration was written to the database")


@contextlib.asynccontextmanager
async def lifespan(_app):
    try:
        initialize()
    except Exception as error:  # noqa: BLE001: it starts all the same, and /health says what is wrong
        log.error("not initialized: %s", type(error).__name__)
    yield


app = FastAPI(title="EchoClip backend (stand-in)", lifespan=lifespan)


def check_database(settings):
    # With the password that the table itself holds: a row that was forgotten in a rotation shows.
    with settings.connect(settings.get("mysql_password")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM system_configs")


def check_redis(settings):
    url = settings.get("redis_url", "redis://127.0.0.1:6379/0")
    redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2).ping()


def check_bucket(settings):
    client = Minio(
        settings.get("minio_endpoint"),
        access_key=settings.get("minio_access_key"),
        secret_key=settings.get("minio_secret_key"),
        secure=False,
        region="us-east-1",
    )
    if not client.bucket_exists(settings.get("minio_bucket")):
        raise LookupError("no such bucket")


@app.get("/health")
def health():
    """Opens database, Redis and bucket with the credentials in force: 200, or 503 with what is wrong."""
    wrong = {}
    settings = Settings()
    try:
        settings.load()
    except Exception as error:  # noqa: BLE001: whatever it is, the answer is that it is wrong
        wrong["configuration"] = type(error).__name__
    for name, check in {"database": check_database, "redis": check_redis, "bucket": check_bucket}.items():
        try:
            check(settings)
        except Exception as error:  # noqa: BLE001
            wrong[name] = type(error).__name__
    if not settings.bootstrap.is_initialized():
        wrong["bootstrap"] = "not initialized"
        with contextlib.suppress(Exception):
            initialize()
    if wrong:
        return JSONResponse({"status": "unhealthy", "wrong": wrong}, status_code=503)
    return {"status": "healthy"}


class SystemConfig(BaseModel):
    key: str
    value: str
    description: str = ""
    category: str = ""


@app.put("/api/v1/system-config")
def set_system_config(row: SystemConfig, authorization: str = Header(default="")):
    token = "Bearer " + os.environ.get("SECRET_KEY", "")
    if len(token) < 16 or not hmac.compare_digest(authorization.encode(), token.encode()):
        raise HTTPException(401, "a token is needed")
    settings = Settings()
    with settings.connect(settings.password()) as connection, connection.cursor() as cursor:
        cursor.execute(UPSERT, (row.key, row.value, row.description, row.category))
    return {"key": row.key}
