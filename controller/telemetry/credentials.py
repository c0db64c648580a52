"""The broker password, read once at start-up."""

from __future__ import annotations

import stat
from pathlib import Path

_BYTES_MAX = 1024


class CredentialsError(ValueError):
    """The password file cannot be used; the text names the file and what to do."""


def read_password(file: Path) -> str:
    """The first line of `file`, without its end.

    Raises CredentialsError when it cannot be read, is empty, longer than 1024 bytes, not
    UTF-8, holds more than one line, or may be read by others than owner and group.
    """
    try:
        mode = file.stat().st_mode
        with file.open("rb") as opened:
            content = opened.read(_BYTES_MAX + 1)
    except OSError as error:
        raise CredentialsError(f"password_file {file}: {error.strerror or error}") from None
    if mode & stat.S_IROTH:
        raise CredentialsError(f"password_file {file}: anyone may read it; chmod o-rwx {file}")
    if len(content) > _BYTES_MAX:
        raise CredentialsError(f"password_file {file}: more than {_BYTES_MAX} bytes")
    try:
        password = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise CredentialsError(f"password_file {file}: is not UTF-8 text") from None
    if not password or not password.isprintable():
        raise CredentialsError(f"password_file {file}: wants one line of printable characters")
    return password
