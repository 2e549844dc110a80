"""The only part that talks to MySQL."""

import asyncio

import aiomysql

UPSERT_SESSIONS = """
    INSERT INTO translation_sessions (session_id, source_language, target_language, status)
    VALUES (%(session_id)s, %(source_language)s, %(target_language)s, %(status)s)
    ON DUPLICATE KEY UPDATE status = VALUES(status)
"""
UPSERT_TASKS = """
    INSERT INTO translation_tasks (task_id, session_id, source_text, translated_text, status)
    VALUES (%(task_id)s, %(session_id)s, %(source_text)s, %(translated_text)s, %(status)s)
    ON DUPLICATE KEY UPDATE translated_text = VALUES(translated_text), status = VALUES(status)
"""


class Database:
    def __init__(self, options):
        self.options = options
        self.pool = None
        self.opening = asyncio.Lock()

    async def connections(self):
        # Opened when first needed: the service starts without its database and says so in /health.
        async with self.opening:
            if self.pool is None:
                self.pool = await aiomysql.create_pool(
                    host=self.options["host"],
                    port=int(self.options["port"]),
                    user=self.options["user"],
                    password=self.options["password"],
                    db=self.options["database"],
                    charset="utf8mb4",
                    connect_timeout=2,
                    minsize=1,
                    maxsize=int(self.options["pool_size"]),
                    pool_recycle=int(self.options["pool_recycle"]),
                    echo=self.options["echo"],
                )
            return self.pool

    async def write(self, sessions, tasks):
        pool = await self.connections()
        async with pool.acquire() as connection:
            await connection.begin()
            try:
                async with connection.cursor() as cursor:
                    if sessions:
                        await cursor.executemany(UPSERT_SESSIONS, sessions)
                    if tasks:
                        await cursor.executemany(UPSERT_TASKS, tasks)
                await connection.commit()
            except BaseException:
                await connection.rollback()
                raise

    async def problem(self):
        """Returns why the database cannot be used, None where it can: both tables are asked."""
        try:
            pool = await self.connections()
            async with pool.acquire() as connection, connection.cursor() as cursor:
                for table in ("translation_sessions", "translation_tasks"):
                    await cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
        except Exception as error:  # noqa: BLE001: whatever it is, the answer is that it cannot be used
            # The number says what is wrong; the words could hold an account's name.
            return f"{type(error).__name__} {error.args[0] if error.args else ''}".strip()
        return None

    async def close(self):
        if self.pool is not None:
            self.pool.close()
            await self.pool.wait_closed()
