"""Read secrets where people keep them: behind a command of their own, or in AWS Secrets Manager.

A secret is read when it is first needed. What a command or AWS answers is in no message and no log.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import overload

from control.errors import ControlError

AWS = "aws-secret:"
# Time for a person to type the password of a password store.
COMMAND_SECONDS = 60
_CONNECT_SECONDS = 5
_READ_SECONDS = 10


class Later:
    """A text that is read when it is first asked for, and only once."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._text: str | None = None

    def text(self) -> str:
        """Return the text."""
        if self._text is None:
            self._text = self._read()
        return self._text


class Secret:
    """A field of a dataclass whose text may come later; nobody who reads the field notices."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> None: ...

    @overload
    def __get__(self, instance: object, owner: type) -> str | None: ...

    def __get__(self, instance: object | None, owner: type) -> str | None:
        if instance is None:
            # The default of the field.
            return None
        value: str | Later | None = vars(instance).get(self._name)
        return value.text() if isinstance(value, Later) else value

    def __set__(self, instance: object, value: str | Later | None) -> None:
        vars(instance)[self._name] = value


def from_command(key: str, command: list[str], *, is_long: bool = False) -> str:
    """Return the first line that a command prints, or all lines; no shell reads the command."""
    name = f"{key}, the command {command[0]},"
    remedy = "run the command by hand: what it prints is not shown here"
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # Without `from`: the exception holds what was printed so far.
        raise ControlError(f"{name} took longer than {COMMAND_SECONDS} s", remedy) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be run"
        raise ControlError(
            f"{name} did not start: {reason}", "correct the command in aspen.toml"
        ) from None
    if done.returncode != 0:
        raise ControlError(f"{name} failed with exit code {done.returncode}", remedy)
    try:
        text = done.stdout.decode()
    except UnicodeDecodeError:
        raise ControlError(f"{name} printed no text", remedy) from None
    secret = text if is_long else text.partition("\n")[0].rstrip("\r")
    if not secret:
        raise ControlError(f"{name} printed nothing", remedy)
    return secret


def from_aws(key: str, address: str, region: str) -> str:
    """Return a secret of AWS Secrets Manager: `aws-secret:NAME`, or `…#KEY` of a JSON object.

    Credentials, and an endpoint other than Amazon's (AWS_ENDPOINT_URL_SECRETS_MANAGER), are those
    that boto3 finds.
    """
    # Imported here, because it takes half a second that nobody else need wait.
    import boto3
    import botocore.config
    import botocore.exceptions

    name, _, member = address.removeprefix(AWS).partition("#")
    what = f"{key}: the secret {name} of AWS Secrets Manager"
    config = botocore.config.Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    try:
        client = boto3.client("secretsmanager", region_name=region, config=config)
        text = client.get_secret_value(SecretId=name).get("SecretString") or ""
    except botocore.exceptions.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "?")
        raise ControlError(
            f"{what} cannot be read ({code})",
            "check its name, the region, and that your AWS login may call GetSecretValue",
        ) from error
    except botocore.exceptions.BotoCoreError as error:
        raise ControlError(
            f"{what} cannot be read: {error}", "log in to AWS (AWS_PROFILE, aws sso login)"
        ) from error
    if member:
        try:
            text = json.loads(text)[member]
        except (ValueError, KeyError, TypeError, RecursionError):
            # Without `from`: the exception of a document that is no JSON holds the document.
            raise ControlError(
                f"{what} has no key {member}", f'store it as a JSON object: {{"{member}": "…"}}'
            ) from None
    if not isinstance(text, str) or not text:
        raise ControlError(f"{what} is no text", "store the secret as text")
    return text
