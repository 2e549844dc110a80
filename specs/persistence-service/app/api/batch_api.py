"""The endpoints of the deployment guide."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from config.settings import settings
from models.api_models import Sessions, Tasks

router = APIRouter()
MOST = int(settings.buffer["max_batch_size"])


def within(batch):
    if len(batch) > MOST:
        raise HTTPException(413, f"a batch may hold {MOST}")
    return [item.model_dump() for item in batch]


@router.get("/health")
async def health(request: Request):
    """Says whether the database answers: 200, or 503 with what is wrong."""
    state = request.app.state
    problem = await state.database.problem()
    answer = {
        "status": "unhealthy" if problem else "healthy",
        "database": problem or "healthy",
        "buffer": state.buffer.state(),
    }
    return JSONResponse(answer, status_code=503 if problem else 200)


@router.get("/api/v1/persistence/stats")
async def stats(request: Request):
    """Counts of the worker process that answers."""
    buffer = request.app.state.buffer
    return {
        "buffer": buffer.state(),
        "flush_info": {
            "last_flush_time": buffer.last_flush.isoformat() if buffer.last_flush else None,
            "flush_count_today": buffer.flushes,
        },
        "performance": {
            "total_tasks_written": buffer.tasks_written,
            "average_batch_size": round(buffer.tasks_written / buffer.flushes) if buffer.flushes else 0,
        },
    }


@router.post("/api/v1/persistence/sessions/batch")
async def sessions(request: Request, batch: Sessions):
    await request.app.state.buffer.add(sessions=within(batch.sessions))
    return {"accepted": len(batch.sessions)}


@router.post("/api/v1/persistence/tasks/batch")
async def tasks(request: Request, batch: Tasks):
    await request.app.state.buffer.add(tasks=within(batch.tasks))
    return {"accepted": len(batch.tasks)}


@router.post("/api/v1/persistence/flush")
async def flush(request: Request):
    """Writes the buffer of the worker process that answers."""
    try:
        return {"flushed": await request.app.state.buffer.flush()}
    except Exception as error:
        raise HTTPException(503, f"not written: {type(error).__name__}") from None
