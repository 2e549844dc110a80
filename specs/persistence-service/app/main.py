"""Takes sessions and tasks in batches, keeps them in a buffer, and writes them to MySQL: a stand-in.

    python main.py
"""

import contextlib

import uvicorn
from fastapi import FastAPI

from api import batch_api
from config.settings import settings
from database.mysql_connector import Database
from services.buffer_manager import Buffer


@contextlib.asynccontextmanager
async def lifespan(app):
    app.state.database = Database(settings.database)
    app.state.buffer = Buffer(app.state.database, settings.buffer)
    app.state.buffer.start()
    yield
    # What is still in the buffer is written before the process ends, so that a restart loses nothing.
    await app.state.buffer.stop()
    await app.state.database.close()


app = FastAPI(title="Persistence service (stand-in)", lifespan=lifespan)
app.include_router(batch_api.router)

if __name__ == "__main__":
    service = settings.service
    uvicorn.run(
        "main:app",
        host=service["host"],
        port=int(service["port"]),
        workers=int(service["workers"]),
        reload=service["reload"],
        log_level=service["log_level"],
        log_config=settings.log_config(),
    )
