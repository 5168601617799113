from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """`part`: ports, tls, headers, database, container or files."""

    part: str
    text: str
