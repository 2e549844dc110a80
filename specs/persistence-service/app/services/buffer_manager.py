"""Holds what has come in until it is written: when it is full, every so often, and on demand."""

import asyncio
import datetime
import logging

log = logging.getLogger("persistence.buffer")


class Buffer:
    def __init__(self, database, options):
        self.database = database
        self.size = int(options["max_buffer_size"])
        self.interval = float(options["flush_interval"])
        self.sessions = []
        self.tasks = []
        self.writing = asyncio.Lock()
        self.timer = None
        self.last_flush = None
        self.flushes = 0
        self.tasks_written = 0

    def start(self):
        self.timer = asyncio.create_task(self.flush_regularly())

    async def stop(self):
        self.timer.cancel()
        await self.try_flush()

    async def flush_regularly(self):
        while True:
            await asyncio.sleep(self.interval)
            await self.try_flush()

    async def add(self, sessions=(), tasks=()):
        self.sessions.extend(sessions)
        self.tasks.extend(tasks)
        if len(self.sessions) + len(self.tasks) >= self.size:
            await self.try_flush()

    async def try_flush(self):
        try:
            await self.flush()
        except Exception as error:  # noqa: BLE001: it stays in the buffer, and /health says what is wrong
            log.error("flush failed: %s", type(error).__name__)

    async def flush(self):
        """Writes all of it in one transaction; what cannot be written stays."""
        async with self.writing:
            sessions, tasks = self.sessions, self.tasks
            if sessions or tasks:
                self.sessions, self.tasks = [], []
                try:
                    await self.database.write(sessions, tasks)
                except BaseException:
                    self.sessions, self.tasks = sessions + self.sessions, tasks + self.tasks
                    raise
                self.tasks_written += len(tasks)
                self.flushes += 1
                log.info("flush: %d sessions, %d tasks", len(sessions), len(tasks))
            self.last_flush = datetime.datetime.now(datetime.timezone.utc)
            return {"sessions": len(sessions), "tasks": len(tasks)}

    def state(self):
        held = len(self.sessions) + len(self.tasks)
        return {
            "sessions_count": len(self.sessions),
            "tasks_count": len(self.tasks),
            "usage_percent": round(100 * held / self.size, 1),
        }
