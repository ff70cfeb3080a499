"""Counts its visits in Redis, and remembers who else has called."""

import os
import socket

from flask import Flask, abort

app = Flask(__name__)


def redis(*words: str) -> str:
    """Send one command (RESP2) and give the first line of the answer."""
    command = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    with socket.create_connection((os.environ["REDIS_HOST"], 6379), timeout=2) as connection:
        connection.sendall(command.encode())
        return connection.makefile("r").readline().strip()


@app.get("/")
def visits() -> str:
    return f"visit {redis('INCR', 'visits')[1:]}, says {os.environ.get('GREETING', 'nothing')}\n"


@app.get("/note")
def note() -> str:
    with open("/notes/note") as file:
        return file.read()


@app.get("/knock")
def knock() -> str:
    return redis("SET", "knocked", "1")


@app.get("/knocked")
def knocked() -> str:
    if redis("EXISTS", "knocked") != ":1":
        abort(404)
    return "somebody knocked\n"
