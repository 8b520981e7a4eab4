"""Runs the application on a socket until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import threading
from collections.abc import Callable

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from serving.service import Service
from serving.settings import Settings
from store.errors import BusyError, InputError, NoSnapshot

GRACE_SECONDS = 5


def run(service: Service, *, announce: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        service: opened; its caller closes it.
        announce: told the address once requests are answered.

    Raises:
        BusyError: the port is taken.
        InputError: the address is not one of this machine, or others reach it and identity is off.
    """
    require_identity(service.settings)
    # Gradio reads these when it is imported: its cache is readable by every visitor, so it gets a folder of its own.
    os.environ.setdefault("GRADIO_TEMP_DIR", str((service.settings.home / "gradio").resolve()))
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from serving.http.app import build_app

    _limit_threads(service.settings.threads)
    listener = listen(service.settings.host, service.settings.port)
    with listener:
        with contextlib.suppress(NoSnapshot):  # the page and /health/ready say what to do
            service.warm()
        service.watch()
        config = uvicorn.Config(
            build_app(service),
            log_level="warning",
            # As JSON, its lines go the way of all others.
            log_config=None if service.settings.log_format == "json" else LOGGING_CONFIG,
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
            forwarded_allow_ips=list(service.settings.identity.trusted_proxies),
        )
        host, port = listener.getsockname()[:2]
        _stop_like_ctrl_c()
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn has finished what was under way and says so like this
            asyncio.run(_serve(uvicorn.Server(config), listener, lambda: announce(f"http://{_shown(host)}:{port}")))


def _limit_threads(count: int) -> None:
    """Requests of several threads, each with as many threads again, would mostly wait for each other."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(count)  # threads that begin later take it over
    threadpool_limits(count)


def _stop_like_ctrl_c() -> None:
    """Let SIGTERM end the program in the same orderly way, so that the caller still closes the service."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def require_identity(settings: Settings) -> None:
    """Raises ``InputError`` where others than this machine could come in without being asked who they are."""
    if settings.identity.enabled:
        return
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError:  # `listen` says so
        return
    addresses = {str(address[0]).partition("%")[0] for *_, address in found}
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise InputError(
            f"host {settings.host!r} can be reached from other machines, and identity is off: "
            "whoever reaches the port could read and write for every user",
            fix="Set TASTEMAKER_IDENTITY__ENABLED=true (docs/security.md), or listen on 127.0.0.1.",
        )


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound before anything slow begins, so that a taken port is known at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InputError(f"host {host!r} is not an address: {error}", fix="Use 127.0.0.1 or 0.0.0.0.") from None
    listener = socket.socket(family, kind, protocol)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise BusyError(
            f"port {port} of {host} cannot be used: {error.strerror}",
            fix="Stop what uses it, or choose another --port.",
        ) from None
    return listener


async def _serve(server: uvicorn.Server, listener: socket.socket, announce: Callable[[], None]) -> None:
    async def announce_when_started() -> None:
        while not server.started:
            await asyncio.sleep(0.02)
        announce()

    announcing = asyncio.create_task(announce_when_started())
    try:
        await server.serve(sockets=[listener])
    finally:
        announcing.cancel()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
