"""Find the files of the page: ours, and those of Swagger UI, which npm installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from control.errors import ControlError

OWN = ("index.html", "page.css", "page.js")
OF_SWAGGER_UI = ("favicon-32x32.png", "swagger-ui.css", "swagger-ui-bundle.js")
TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
}


@dataclass(frozen=True)
class File:
    """A file as a browser gets it."""

    content: bytes
    media_type: str


def read_files(root: Path) -> dict[str, File]:
    """Return the files by path; the page itself is at `/`."""
    ours = {name: files(__package__).joinpath(name).read_bytes() for name in OWN}
    theirs = {name: _of_swagger_ui(root, name) for name in OF_SWAGGER_UI}
    found = {
        f"/{name}": File(content, TYPES[name.rpartition(".")[2]])
        for name, content in (ours | theirs).items()
    }
    found["/"] = found.pop("/index.html")
    return found


def _of_swagger_ui(root: Path, name: str) -> bytes:
    path = root / "node_modules" / "swagger-ui-dist" / name
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ControlError(
            f"Swagger UI is not installed: {path} does not exist", "run make up, which installs it"
        ) from error
