"""The HTTP server: INTERFACES "HTTP" over the logs of one data directory, as one ASGI application on granian."""

from __future__ import annotations

from indelible.config import ServerSettings
from indelible.server.app import Application, create_app
from indelible.server.hosted_logs import HostedLog, HostedLogs
from indelible.server.run import run_server
from indelible.server.tls import TlsFiles

__all__ = ["Application", "HostedLog", "HostedLogs", "ServerSettings", "TlsFiles", "create_app", "run_server"]
