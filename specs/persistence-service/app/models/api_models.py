"""What clients send."""

from pydantic import BaseModel, Field


class Session(BaseModel):
    session_id: str = Field(max_length=64)
    source_language: str = Field(default="en", max_length=16)
    target_language: str = Field(default="zh", max_length=16)
    status: str = Field(default="active", max_length=16)


class Task(BaseModel):
    task_id: str = Field(max_length=64)
    session_id: str = Field(max_length=64)
    source_text: str
    translated_text: str | None = None
    status: str = Field(default="done", max_length=16)


class Sessions(BaseModel):
    sessions: list[Session]


class Tasks(BaseModel):
    tasks: list[Task]
