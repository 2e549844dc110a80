"""The settings in force: environment, over the table system_configs, over the bootstrap file."""

import os

import pymysql

from bootstrap_config import get_bootstrap_config


class Settings:
    """Reads everything anew, so that what changes in the database or the bootstrap file is seen."""

    def __init__(self):
        self.bootstrap = get_bootstrap_config()
        self.rows = {}

    def load(self):
        with self.connect(self.password(), timeout=2) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT `key`, value FROM system_configs")
            self.rows = dict(cursor.fetchall())
        return self

    def get(self, key, default=None):
        if key.upper() in os.environ:
            return os.environ[key.upper()]
        if key in self.rows:
            return self.rows[key]
        section, _, name = key.partition("_")
        return self.bootstrap.get(f"{section}.{name}", default)

    def password(self):
        """The password before the table can be read."""
        return os.environ.get("MYSQL_PASSWORD") or self.bootstrap.get("mysql.password")

    def connect(self, password, timeout=2):
        mysql = self.bootstrap.config["mysql"]
        return pymysql.connect(
            host=self.get("mysql_host", mysql["host"]),
            port=int(self.get("mysql_port", mysql["port"])),
            user=self.get("mysql_user", mysql["user"]),
            password=password,
            database=self.get("mysql_database", mysql["database"]),
            charset="utf8mb4",
            connect_timeout=timeout,
            autocommit=True,
        )
