"""Settings: environment, over config/config.yaml, over defaults."""

import copy
import logging.handlers  # noqa: F401 (named in the log configuration)
import os
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent

DEFAULTS = {
    "service": {"host": "0.0.0.0", "port": 8001, "workers": 1, "reload": False, "log_level": "info"},
    "buffer": {"max_buffer_size": 1000, "flush_interval": 30, "max_batch_size": 1000},
    "database": {
        "host": "localhost",
        "port": 3306,
        "user": "root",
        "password": "",
        "database": "ai_terminal",
        "pool_size": 10,
        "pool_recycle": 3600,
        "echo": False,
    },
    "logging": {
        "level": "INFO",
        "format": "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
        "file": None,
        "max_bytes": 10485760,
        "backup_count": 5,
    },
}

ENVIRONMENT = {
    "DB_HOST": ("database", "host"),
    "DB_PORT": ("database", "port"),
    "DB_USER": ("database", "user"),
    "DB_PASSWORD": ("database", "password"),
    "DB_DATABASE": ("database", "database"),
    "SERVICE_HOST": ("service", "host"),
    "SERVICE_PORT": ("service", "port"),
    "BUFFER_MAX_SIZE": ("buffer", "max_buffer_size"),
    "BUFFER_FLUSH_INTERVAL": ("buffer", "flush_interval"),
}


class Settings:
    def __init__(self):
        values = copy.deepcopy(DEFAULTS)
        path = HERE / "config.yaml"
        if path.exists():
            for section, given in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).items():
                values[section].update(given or {})
        for variable, (section, key) in ENVIRONMENT.items():
            if variable in os.environ:
                values[section][key] = os.environ[variable]
        self.service = values["service"]
        self.buffer = values["buffer"]
        self.database = values["database"]
        self.logging = values["logging"]

    def log_config(self):
        """Writes what uvicorn and the application say to the log file, or to standard error where there is none."""
        to_file = self.logging["file"]
        handler = {"class": "logging.StreamHandler", "formatter": "line"}
        if to_file:
            handler = {
                # Follows the file when logrotate moves it away.
                "class": "logging.handlers.WatchedFileHandler",
                "formatter": "line",
                "filename": str(HERE.parent / to_file),
            }
        return {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": self.logging["format"]}},
            "handlers": {"out": handler},
            "root": {"handlers": ["out"], "level": self.logging["level"]},
        }


settings = Settings()
