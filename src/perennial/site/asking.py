"""What may stand on the command line: days, ports, counts; and whether a place to serve at is free."""

from __future__ import annotations

import argparse
import errno
import os
import re
import socket
from datetime import date

MOST_PORT = 65535


class WrongUsage(Exception):
    """What was asked cannot be meant; the message says what to write instead. Exit 2."""


def day(text: str) -> date:
    """Read a day."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        said = f"{text!r} is no day. Write it as YYYY-MM-DD, for example 2024-05-31."
        raise argparse.ArgumentTypeError(said) from None


def port(text: str) -> int:
    """Read a port."""
    number = int(text) if text.isdecimal() and len(text) < 6 else 0
    if not 1 <= number <= MOST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port. A port is a number from 1 to {MOST_PORT}.")
    return number


def count(text: str) -> int:
    """Read how many of something there shall be: one or more."""
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count. Write a whole number, 1 or more.")
    return number


def why_not_served(host: str, port: int) -> str | None:
    """Return why nothing can be served at an address, and what to do; None where it can."""
    try:
        family, kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (socket.gaierror, UnicodeError):
        return f"{host} is no address of this machine. Leave --host out, or name one such as 127.0.0.1 or 0.0.0.0."
    except OSError as error:
        return {
            errno.EADDRINUSE: f"Port {port} is taken by another program. Choose another one: --port {_other(port)}",
            errno.EACCES: f"Port {port} asks for more rights than this user has. Choose one from 1024 on: --port 8000",
            errno.EADDRNOTAVAIL: f"{host} is no address of this machine. Leave --host out, or name one of its own.",
        }.get(error.errno or 0, f"Nothing can be served at {host}:{port}: {os.strerror(error.errno or 0)}.")
    return None


def _other(port: int) -> int:
    return port + 1 if port < MOST_PORT else 8000
