import pytest

from clockwise.transport import database_is_verified, is_local_address, redis_is_verified


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p@localhost/d",
        "postgres://u:p@127.0.0.1:5432/d",
        "postgres://u:p@[::1]:5432/d",
        "postgres://u:p@%2Fvar%2Frun%2Fpostgresql/d",
        "postgres://u:p@localhost:1,127.0.0.1:2/d",
        "postgres:///d?host=/var/run/postgresql",
        "unix:///run/valkey.sock",
        "redis://localhost:6379/0",
    ],
)
def test_loopback_and_sockets_are_local(url: str) -> None:
    assert is_local_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p@db.example/d",
        "postgres://u:p@localhost,db.example/d",
        "postgres://u:p@localhost/d?hostaddr=192.0.2.1",
        "postgres://u:p@localhost/d?host=db.example",
        "postgres:///d",
        "postgres://localhost:p@db.example/d",
        "redis://localhost.example:6379/0",
        "http://0.0.0.0:8000",
    ],
)
def test_everything_else_is_not(url: str) -> None:
    assert not is_local_address(url)


@pytest.mark.parametrize(
    ("query", "verified"),
    [
        ("", False),
        ("?sslmode=require", False),
        ("?sslmode=verify-ca", False),
        ("?sslmode=verify-full&sslmode=disable", False),
        ("?sslmode=verify-full&sslrootcert=/etc/ca.pem", True),
    ],
)
def test_only_verify_full_checks_the_databases_name(query: str, verified: bool) -> None:
    assert database_is_verified(f"postgres://u:p@db.example/d{query}") is verified


@pytest.mark.parametrize(
    ("url", "verified"),
    [
        ("redis://cache.example/0", False),
        ("rediss://cache.example/0", True),
        ("rediss://cache.example/0?ssl_cert_reqs=none", False),
        ("rediss://cache.example/0?ssl_cert_reqs=optional", False),
        ("rediss://cache.example/0?ssl_check_hostname=false", False),
        ("rediss://cache.example/0?ssl_cert_reqs=required&ssl_check_hostname=true", True),
    ],
)
def test_redis_is_verified_unless_the_address_says_otherwise(url: str, verified: bool) -> None:
    assert redis_is_verified(url) is verified
