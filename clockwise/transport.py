"""What an address says of how its connection is protected. Pure functions; `env.py` decides what is refused."""

from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def is_local_address(url: str) -> bool:
    """Whether every host of `url` is loopback or a Unix socket (also percent-encoded, as in libpq's URLs)."""
    parts = urlsplit(url)
    if parts.scheme in {"unix", "redis+socket"}:
        return True
    return all(host.startswith("/") or host in LOOPBACK for host in _hosts(parts))


def database_is_verified(url: str) -> bool:
    """Whether libpq checks the server's certificate and name: one `sslmode`, and it is verify-full."""
    return parse_qs(urlsplit(url).query).get("sslmode") == ["verify-full"]


def redis_is_verified(url: str) -> bool:
    """Whether redis-py checks the server's certificate and name, as it does for rediss:// unless told not to."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    checks_name = all(value.lower() in {"true", "1", "yes"} for value in query.get("ssl_check_hostname", []))
    return parts.scheme == "rediss" and query.get("ssl_cert_reqs", ["required"]) == ["required"] and checks_name


def _hosts(parts: SplitResult) -> list[str]:
    """Where libpq or redis-py would connect to: `host` and `hostaddr` of the query count too."""
    query = parse_qs(parts.query)
    named = [unquote(_without_port(host.rsplit("@", 1)[-1])) for host in parts.netloc.split(",")]
    named += [host for key in ("host", "hostaddr") for value in query.get(key, []) for host in value.split(",")]
    return [host for host in named if host] or [""]


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].split("]", 1)[0]
    return host.rsplit(":", 1)[0] if ":" in host else host
