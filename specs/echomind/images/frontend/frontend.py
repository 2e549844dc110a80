"""A stand-in for EchoMind's front end: a page that shows what the back end says of itself."""

import html
import os
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Frontend(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with urllib.request.urlopen(os.environ["BACKEND"] + "/health", timeout=4) as answer:
                said = answer.read().decode()
        except urllib.error.HTTPError as error:
            said = error.read().decode()
        except OSError as error:
            said = str(error)
        page = f"<!doctype html><title>EchoMind</title><h1>EchoMind</h1><pre>{html.escape(said)}</pre>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *values):
        pass


if sys.argv[1:] == ["check"]:
    urllib.request.urlopen("http://127.0.0.1:3000/", timeout=4)
else:
    ThreadingHTTPServer(("0.0.0.0", 3000), Frontend).serve_forever()
