"""The three monitoring endpoints of the deployment guide. Nothing is ever downloaded: this is a stand-in."""

import os

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from api import needs

app = FastAPI(title="Video download API (stand-in)")


@app.get("/api/health")
def health():
    """Says whether everything the application needs is there: 200, or 503 with what is missing."""
    reasons = needs.missing()
    if reasons:
        return JSONResponse({"status": "unhealthy", "missing": reasons}, status_code=503)
    return {"status": "healthy", "missing": []}


@app.get("/api/tasks")
def tasks():
    """Counts tasks by state. The stand-in accepts none, so there are none."""
    return {"total": 0, "pending": 0, "running": 0, "completed": 0, "failed": 0, "tasks": []}


@app.get("/api/storage/info")
def storage_info():
    """Says how full the disk is and what the temp folder holds: 503 where it cannot be read."""
    try:
        usage = needs.disk()
        sizes = [entry.stat().st_size for entry in os.scandir(needs.TEMP) if entry.is_file()]
    except OSError as error:
        return JSONResponse({"error": f"the temp folder cannot be read: {error.strerror}"}, status_code=503)
    return {
        "temp": {"path": str(needs.TEMP), "files": len(sizes), "bytes": sum(sizes)},
        "disk": {"total_bytes": usage.total, "used_bytes": usage.used, "free_bytes": usage.free},
    }
