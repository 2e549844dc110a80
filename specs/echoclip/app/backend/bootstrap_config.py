"""What the backend knows before it has a database: .bootstrap_config.json beside this file.

    python bootstrap_config.py
"""

import json
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

CONFIG_FILE = Path(__file__).resolve().parent / ".bootstrap_config.json"


class BootstrapConfig:
    def __init__(self, path=CONFIG_FILE):
        self.path = path
        self.config = json.loads(path.read_text(encoding="utf-8"))

    def get(self, name, default=None):
        value = self.config
        for key in name.split("."):
            if not isinstance(value, dict) or key not in value:
                return default
            value = value[key]
        return value

    def is_initialized(self):
        return self.get("initialized", False)

    def mark_initialized(self):
        self.config["initialized"] = True
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, delete=False, encoding="utf-8") as file:
            json.dump(self.config, file, indent=2, ensure_ascii=False)
            file.write("\n")
        os.replace(file.name, self.path)

    def get_database_url(self, password=None):
        mysql = self.config["mysql"]
        password = quote(password or mysql["password"], safe="")
        return f"mysql+pymysql://{mysql['user']}:{password}@{mysql['host']}:{mysql['port']}/{mysql['database']}?charset=utf8mb4"


def get_bootstrap_config():
    return BootstrapConfig()


if __name__ == "__main__":
    config = get_bootstrap_config()
    print("Password length:", len(config.get("mysql.password", "")))
    print("Database URL:", config.get_database_url(password="***"))
    print("Initialized:", config.is_initialized())
