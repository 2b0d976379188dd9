"""`setup/check` names all that is missing, and how to get it, before anything is installed."""

from __future__ import annotations

import pytest

from tests.setup.conftest import REAL_PYTHON, Machine


def test_complete_machine_gets_its_python(machine: Machine) -> None:
    """Print the path for make on stdout, and nothing else."""
    done = machine.check()

    assert (done.returncode, done.stdout, done.stderr) == (0, "python3\n", "")


def test_everything_missing_is_named_at_once(machine: Machine) -> None:
    """Print one command for each system that installs all of it."""
    machine.remove("python3", "node", "npm", "git", "curl", "ps")

    done = machine.check()

    assert (done.returncode, done.stdout) == (1, "")
    assert [line for line in done.stderr.splitlines() if line.startswith("  - ")] == [
        "  - Python 3.11 to 3.14 with venv; python3 is none; make PYTHON=/path/of/it names one",
        "  - Node.js 18 or later; 20 for make test",
        "  - npm",
        "  - git",
        "  - curl",
        "  - ps",
    ]
    assert [line for line in done.stderr.splitlines() if " install " in line] == [
        "  Debian, Ubuntu:  sudo apt-get install python3 python3-venv nodejs npm git curl procps",
        "  Fedora:          sudo dnf install python3 nodejs nodejs-npm git curl procps-ng",
        "  macOS:           brew install python@3.13 node node git curl ",
    ]


@pytest.mark.parametrize("name", ["node", "npm", "git", "curl", "ps"])
def test_one_missing_program_is_named_alone(machine: Machine, name: str) -> None:
    """Ask for no program that is already there."""
    machine.remove(name)

    [line] = [line for line in machine.check().stderr.splitlines() if line.startswith("  - ")]

    assert name in line.lower()


def test_python_without_venv_is_named_with_its_package(machine: Machine) -> None:
    """Name the package: Debian keeps venv apart, and `python3 -m venv` then fails halfway."""
    machine.put("python3", f'case $2 in *ensurepip*) exit 1 ;; esac; exec {REAL_PYTHON} "$@"')

    done = machine.check()

    assert "  - the modules venv and ensurepip of python3\n" in done.stderr
    assert "apt-get install python3-venv\n" in done.stderr


def test_usable_python_is_taken_instead_of_an_unusable_one(machine: Machine) -> None:
    """Take another Python, whatever is wrong with the first one."""
    machine.put("python3", "exit 1")
    machine.put_real("python3.12", REAL_PYTHON)

    assert machine.check().stdout == "python3.12\n"


def test_old_python_is_named_with_its_version(machine: Machine) -> None:
    """Name its version, so that nobody searches it for a missing module."""
    machine.put("python3", '[ "$1" != --version ] || { echo Python 3.9.2; exit; }; exit 1')

    done = machine.check()

    assert "python3 is Python 3.9.2" in done.stderr


def test_python_named_by_the_user_is_the_only_one_checked(machine: Machine) -> None:
    """Obey `make PYTHON=…`."""
    done = machine.check("/nonexistent/python")

    assert done.returncode == 1
    assert "/nonexistent/python is none" in done.stderr


@pytest.mark.parametrize("version", ["v12.22.12", "v8.0.0", "v17.9.1"])
def test_old_node_is_named_with_its_version(machine: Machine, version: str) -> None:
    """Reject the Node.js of a system from some years ago."""
    machine.put("node", f"echo {version}")

    assert f"Node.js 18 or later; here it is {version}" in machine.check().stderr


def test_root_needs_setpriv_and_no_sudo(machine: Machine) -> None:
    """Require setpriv, because PostgreSQL refuses to run as root."""
    machine.put("id", "echo 0")
    machine.remove("setpriv")

    done = machine.check()

    assert "  - setpriv, for servers do not run as root\n" in done.stderr
    assert ":  apt-get install util-linux\n" in done.stderr


def on(machine: Machine, system: str, processor: str) -> None:
    """Make it another kind of machine."""
    machine.put("uname", f"case $1 in -s) echo {system} ;; *) echo {processor} ;; esac")
    machine.put(
        "python3",
        f'case $2 in *machine*) echo {processor} ;; *) exec {REAL_PYTHON} "$@" ;; esac',
    )


@pytest.mark.parametrize(
    ("system", "processor"), [("Linux", "aarch64"), ("Darwin", "arm64")], ids="-".join
)
def test_arm_needs_a_postgrest_of_its_own(machine: Machine, system: str, processor: str) -> None:
    """Require one, because npm has none for ARM; with it nothing is missing."""
    on(machine, system, processor)

    without = machine.check()
    named = machine.check(ASPEN_POSTGREST_BIN="/opt/postgrest")
    machine.put("postgrest", "exit 0")
    on_path = machine.check()

    assert f"npm has none for\n    {system} on {processor}" in without.stderr
    assert (without.returncode, named.returncode, on_path.returncode) == (1, 0, 0)


def test_intel_mac_needs_an_nginx_of_its_own(machine: Machine) -> None:
    """Require one, because PyPI has it for ARM Macs only."""
    on(machine, "Darwin", "x86_64")
    machine.put("postgrest", "exit 0")

    without = machine.check()
    named = machine.check(ASPEN_NGINX_BIN="/opt/nginx")

    assert "an nginx with njs" in without.stderr
    assert (without.returncode, named.returncode) == (1, 0)


@pytest.mark.parametrize(
    ("system", "processor"),
    [("Linux", "riscv64"), ("FreeBSD", "amd64"), ("MINGW64_NT", "x86_64")],
    ids="-".join,
)
def test_unsupported_machine_is_named_first(machine: Machine, system: str, processor: str) -> None:
    """Name it before a minute is spent on installing."""
    on(machine, system, processor)

    assert f"no PostgreSQL for {system} on {processor}" in machine.check().stderr


@pytest.mark.parametrize(
    ("libc", "said"),
    [("glibc 2.27", "here it is glibc 2.27"), ("glibc 2.9", "here it is"), ("", "musl")],
)
def test_unsupported_c_library_is_named(machine: Machine, libc: str, said: str) -> None:
    """Reject CentOS 7 and Alpine, for which no packages are built."""
    machine.put("getconf", f"echo {libc}" if libc else "exit 1")

    assert said in machine.check().stderr


def test_oldest_supported_c_library_is_accepted(machine: Machine) -> None:
    """Accept the oldest library that packages are built for."""
    machine.put("getconf", "echo glibc 2.28")

    assert machine.check().returncode == 0
