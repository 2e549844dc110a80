"""Starts the stand-in and looks at its endpoints as what it needs comes and goes.

    pip install -r app/requirements.txt
    python -m unittest discover -s tests -v
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

APP = Path(__file__).resolve().parent.parent / "app"


class Server(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.app = Path(folder.name) / "app"
        shutil.copytree(APP, self.app, ignore=shutil.ignore_patterns("__pycache__", "temp"))
        # The only program on PATH: an ffmpeg that can be taken away.
        self.programs = Path(folder.name) / "bin"
        self.programs.mkdir()
        self.ffmpeg = self.programs / "ffmpeg"
        self.install_ffmpeg("echo ffmpeg version 0 stand-in")
        environment = {"PATH": str(self.programs), "HOST": "127.0.0.1", "PORT": "0", "PYTHONUNBUFFERED": "1"}
        log = self.app / "log"
        with log.open("wb") as output:
            self.server = subprocess.Popen(
                [sys.executable, str(self.app / "start.py")],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.addCleanup(self.stop)
        self.address = self.wait_for_address(log)

    def install_ffmpeg(self, line):
        self.ffmpeg.write_text(f"#!/bin/sh\n{line}\n")
        self.ffmpeg.chmod(0o755)

    def stop(self):
        self.server.terminate()
        self.server.wait(timeout=30)

    def wait_for_address(self, log):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.server.poll() is None:
            for line in log.read_text().splitlines():
                if "Uvicorn running on " in line:
                    return line.split("Uvicorn running on ")[1].split()[0]
            time.sleep(0.05)
        self.fail(f"the server did not start:\n{log.read_text()}")

    def get(self, path):
        try:
            with urllib.request.urlopen(self.address + path, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, json.load(answer)

    def test_it_is_healthy_when_it_has_what_it_needs(self):
        self.assertEqual(self.get("/api/health"), (200, {"status": "healthy", "missing": []}))
        self.assertEqual(self.get("/api/tasks")[1]["total"], 0)
        (self.app / "temp" / "video").write_bytes(b"12345")
        status, storage = self.get("/api/storage/info")
        self.assertEqual((status, storage["temp"]["files"], storage["temp"]["bytes"]), (200, 1, 5))
        self.assertGreater(storage["disk"]["total_bytes"], 0)

    def test_it_is_unhealthy_without_ffmpeg(self):
        self.ffmpeg.unlink()
        self.assertEqual(self.get("/api/health"), (503, {"status": "unhealthy", "missing": ["ffmpeg is not installed"]}))
        self.install_ffmpeg("exit 3")
        status, health = self.get("/api/health")
        self.assertEqual((status, health["missing"]), (503, ["ffmpeg ends with status 3"]))
        self.install_ffmpeg("echo ffmpeg version 1")
        self.assertEqual(self.get("/api/health")[0], 200)

    def test_it_is_unhealthy_without_its_temp_folder(self):
        (self.app / "temp").rmdir()
        status, health = self.get("/api/health")
        self.assertEqual(status, 503)
        self.assertIn("missing", health["missing"][0])
        self.assertEqual(self.get("/api/storage/info")[0], 503)
        (self.app / "temp").mkdir()
        self.assertEqual(self.get("/api/health")[0], 200)

    def test_every_missing_thing_is_named(self):
        self.ffmpeg.unlink()
        (self.app / "temp").rmdir()
        self.assertEqual(len(self.get("/api/health")[1]["missing"]), 2)


class Start(unittest.TestCase):
    def test_it_refuses_a_port_that_is_none(self):
        result = subprocess.run(
            [sys.executable, "-B", str(APP / "start.py")], env={"PORT": "eighty"}, capture_output=True, text=True, check=False
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("PORT is `eighty`", result.stderr)


if __name__ == "__main__":
    unittest.main()
