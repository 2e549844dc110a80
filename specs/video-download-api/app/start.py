#!/usr/bin/env python3
"""Checks what the server needs and starts it.

    HOST=0.0.0.0 PORT=8000 python start.py [--dev]

HOST is the address it listens on, PORT the port. `--dev` restarts it when the code changes; never use it in production.
"""

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from api import needs

HERE = Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description="Starts the video download API (stand-in).")
    parser.add_argument("--dev", action="store_true", help="restart when the code changes; not for production")
    arguments = parser.parse_args()

    host = os.environ.get("HOST", "0.0.0.0")
    port = os.environ.get("PORT", "8000")
    if not port.isascii() or not port.isdigit() or not 0 <= int(port) <= 65535:
        sys.exit(f"PORT is `{port}`: use a number up to 65535")

    absent = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if absent:
        sys.exit(f"missing Python packages: {', '.join(absent)}; run `pip install -r requirements.txt`")

    try:
        needs.TEMP.mkdir(exist_ok=True)
    except OSError as error:
        print(f"the temp folder cannot be made: {error}", file=sys.stderr)
    # Not a reason to stay down: /api/health names what is missing, a server that does not start cannot.
    for reason in needs.missing():
        print(f"warning: {reason}", file=sys.stderr)

    command = [sys.executable, "-m", "uvicorn", "api.main:app", "--host", host, "--port", port]
    if arguments.dev:
        command.append("--reload")
    os.chdir(HERE)
    sys.stdout.flush()
    # Replaces this process, so that signals reach the server itself.
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
