"""A stand-in for EchoMind's back end and worker: it keeps emails in PostgreSQL, queues them in Redis, and finds like ones.

The configuration is --config, else CONFIG_PATH, else configs/config.yaml. It is read as root, before the process gives that up.
"""

import argparse
import hashlib
import json
import logging
import os
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

QUEUE = "emails"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["backend", "worker", "check"])
    parser.add_argument("--config", default=os.environ.get("CONFIG_PATH", "configs/config.yaml"))
    return parser.parse_args()


def read(path):
    import yaml

    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def database(config):
    import psycopg2

    connection = psycopg2.connect(config["database"]["dsn"], connect_timeout=3)
    connection.autocommit = True
    return connection


def cache(config):
    import redis

    host, port = config["redis"]["addr"].split(":")
    return redis.Redis(host=host, port=int(port), socket_connect_timeout=3)


def embedding(text):
    """Stands for what an AI service makes of a text: a vector that is the same for the same text."""
    digest = hashlib.sha256(text.encode()).digest()
    return "[" + ",".join(str(byte / 255) for byte in digest[:8]) + "]"


def health(config):
    state = {"status": "healthy", "database": "healthy", "cache": "healthy"}
    try:
        connection = database(config)
        connection.cursor().execute("SELECT 1")
        connection.close()
    except Exception as error:
        state.update(status="unhealthy", database=type(error).__name__)
    try:
        cache(config).ping()
    except Exception as error:
        state.update(status="unhealthy", cache=type(error).__name__)
    return state


class Backend(BaseHTTPRequestHandler):
    config = None

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def rows(self, statement, values):
        connection = database(self.config)
        try:
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return cursor.fetchall()
        finally:
            connection.close()

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/health":
            state = health(self.config)
            self.answer(200 if state["status"] == "healthy" else 503, state)
        elif url.path == "/api/v1/emails":
            found = self.rows(
                "SELECT id, subject, embedding IS NOT NULL FROM emails WHERE user_id = %s ORDER BY id", [query.get("user", 1)]
            )
            self.answer(200, [{"id": id, "subject": subject, "analyzed": analyzed} for id, subject, analyzed in found])
        elif url.path == "/api/v1/search":
            found = self.rows(
                "SELECT subject FROM emails WHERE embedding IS NOT NULL ORDER BY embedding <=> %s::vector LIMIT 5",
                [embedding(query.get("like", ""))],
            )
            self.answer(200, [subject for (subject,) in found])
        else:
            self.answer(404, {"error": "not found"})

    def do_POST(self):
        if self.path != "/api/v1/emails":
            self.answer(404, {"error": "not found"})
            return
        email = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        made = self.rows(
            "INSERT INTO emails (user_id, subject) VALUES (%s, %s) RETURNING id", [email.get("user", 1), email["subject"]]
        )
        cache(self.config).lpush(QUEUE, made[0][0])
        self.answer(201, {"id": made[0][0]})

    def log_message(self, format, *values):
        logging.info(format, *values)


def work(config):
    while True:
        try:
            queue, connection = cache(config), database(config)
            while True:
                entry = queue.brpop(QUEUE, timeout=5)
                if entry is None:
                    continue
                cursor = connection.cursor()
                cursor.execute("SELECT subject FROM emails WHERE id = %s", [int(entry[1])])
                found = cursor.fetchone()
                if found:
                    cursor.execute("UPDATE emails SET embedding = %s::vector WHERE id = %s", [embedding(found[0]), int(entry[1])])
                    logging.info("analyzed email %s", int(entry[1]))
        except Exception as error:
            logging.warning("waiting: %s", type(error).__name__)
            time.sleep(1)


def main():
    chosen = arguments()
    if chosen.role == "check":
        with urllib.request.urlopen("http://127.0.0.1:8080/health", timeout=4) as answer:
            sys.exit(0 if answer.status == 200 else 1)
    config = read(chosen.config)
    logger = read(os.path.join(os.path.dirname(chosen.config), "logger.yaml"))
    logging.basicConfig(level=logger["level"], format="%(asctime)s %(levelname)s %(message)s")
    os.setgid(65534)
    os.setuid(65534)
    if chosen.role == "worker":
        work(config)
    Backend.config = config
    logging.info("listening on %s", config["server"]["port"])
    ThreadingHTTPServer(("0.0.0.0", config["server"]["port"]), Backend).serve_forever()


main()
