"""Breaks the walls on purpose, one at a time, and asks the project's own tests whether they notice.

`python -m tests.checks.mutants [N]`: all of them, or N drawn at random; the last line says how many were killed. Works
in a copy of the checkout with an embedded installation of its own. Goal 37 asks for 90 %.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.checks.finding import ROOT

SECONDS = 600
_WALLS = "tests/clockwise/tenancy"
_TOKEN = "tests/clockwise/tenancy/test_token.py"
_ROLES = "tests/security/test_goal_17_roles.py"
_SEALS = "tests/clockwise/encryption/test_sealed.py tests/clockwise/encryption/test_envelope.py"
_SWAPS = "tests/security/test_goal_08_swaps.py"
_SHRED = "tests/security/test_goal_11_shredding.py"
_SIGN_IN = "tests/clockwise/organizations/test_sign_in.py tests/clockwise/organizations/test_google_views.py"
_API = "tests/clockwise/test_api.py"
_START = "tests/security/test_goal_12_start_refused.py tests/clockwise/test_transport.py"
_ACCESS = "tests/security/test_goal_13_suspension.py"


@dataclass(frozen=True)
class Mutant:
    """`old` stands exactly once in `file`. `schema`: it takes a database that is made anew."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    schema: bool = False


def _tenancy(name: str, module: str, old: str, new: str, tests: str = _WALLS, *, schema: bool = False) -> Mutant:
    return Mutant(name, f"clockwise/tenancy/{module}.py", old, new, tests, schema)


def _organizations(name: str, module: str, old: str, new: str, tests: str) -> Mutant:
    return Mutant(name, f"clockwise/organizations/{module}.py", old, new, tests)


def _encryption(name: str, module: str, old: str, new: str, tests: str) -> Mutant:
    return Mutant(name, f"clockwise/encryption/{module}.py", old, new, tests)


MUTANTS = [
    # tenancy
    _tenancy(
        "a setting that outlives its transaction", "token", "set_config(%s, %s, true)", "set_config(%s, %s, false)"
    ),
    _tenancy(
        "any MAC is believed",
        "token",
        "IF encode(expected, 'hex') <> split_part(token, '.', 3) THEN",
        "IF false THEN",
        _TOKEN,
        schema=True,
    ),
    _tenancy("the application may read the key", "token", " FROM PUBLIC, cw_app", " FROM PUBLIC", _TOKEN, schema=True),
    _tenancy("the key before is dropped", "token", "_KEYS_KEPT = 2", "_KEYS_KEPT = 1", _TOKEN),
    _tenancy(
        "an unknown key is let through", "token", "IF expected IS NULL THEN", "IF false THEN", _TOKEN, schema=True
    ),
    _tenancy(
        "policies admit everything",
        "rls",
        '*enable(table, f"organization_id = {CURRENT}")',
        '*enable(table, "true")',
        schema=True,
    ),
    _tenancy("policies check no new row", "rls", "WITH CHECK ({condition})", "WITH CHECK (true)", schema=True),
    _tenancy(
        "row-level security isn't forced", "rls", "FORCE ROW LEVEL SECURITY'", "ENABLE ROW LEVEL SECURITY'", schema=True
    ),
    _tenancy(
        "plain foreign keys",
        "rls",
        'FOREIGN KEY (organization_id, "{column}") REFERENCES "{parent}" (organization_id, id) \'',
        'FOREIGN KEY ("{column}") REFERENCES "{parent}" (id) \'',
        schema=True,
    ),
    _tenancy(
        "the code forgets its filter",
        "models",
        ".filter(organization_id=organization_id)",
        "",
        "tests/security/test_goal_01_fuzz.py",
    ),
    _tenancy(
        "a row for anybody", "models", "elif self.organization_id != current.require_organization_id():", "elif False:"
    ),
    _tenancy(
        "reading outside a transaction is quiet",
        "models",
        "if organization_id is not None and not connection.in_atomic_block:",
        "if False:",
    ),
    _tenancy(
        "one organization inside another", "current", "if _current.get() not in (None, organization_id):", "if False:"
    ),
    _tenancy(
        "an open transaction gets an organization",
        "current",
        "if _current.get() is None and connection.in_atomic_block:",
        "if False:",
    ),
    _tenancy(
        "a task runs without an organization",
        "tasks",
        "current.require_organization_id()\n        return super().__call__(*args, **kwargs)",
        "return super().__call__(*args, **kwargs)",
    ),
    _tenancy(
        "a task is sent without an organization",
        "tasks",
        "str(current.require_organization_id())",
        "str(current.organization_id())",
    ),
    _tenancy("the guard isn't asked", "middleware", "self.refusal(request, view) or view(", "view(", _ROLES),
    _tenancy(
        "the guard isn't asked about strangers",
        "middleware",
        "if organization_id is None:\n            return self.refusal(request, view)",
        "if organization_id is None:\n            return None",
        _ROLES,
    ),
    _tenancy(
        "a mighty role starts",
        "checks",
        "r.rolsuper OR r.rolbypassrls OR",
        "r.rolsuper OR",
        "tests/security/test_goal_12_start_refused.py",
    ),
    _tenancy(
        "a view of its owner passes",
        "checks",
        "WHERE c.relkind = 'v' AND",
        "WHERE false AND",
        "tests/security/test_goal_03_walls.py",
    ),
    # roles
    _organizations(
        "a new address is open",
        "guard",
        "request.resolver_match)\n        return _forbidden(request, view)",
        "request.resolver_match)\n        return None",
        _ROLES,
    ),
    _organizations("any method", "guard", "HttpResponseNotAllowed(endpoint.methods)", "None", _ROLES),
    _organizations("any role", "guard", "    if caller in allowed:\n", "    if True:\n", _ROLES),
    _organizations(
        "a session counts beside a token", "guard", 'if "Authorization" in request.headers:', "if False:", _API
    ),
    # tokens and sessions
    _organizations(
        "a revoked token", "tokens", "filter(revoked_at=None, expires_at__gt", "filter(expires_at__gt", _API
    ),
    _organizations("an expired token", "tokens", "expires_at__gt=clock.now(), ", "", _API),
    _organizations("a token of who left", "tokens", ", member__is_active=True)", ")", f"{_API} {_ACCESS}"),
    _organizations("a reading token writes", "tokens", ' and "write" not in token.scopes.split()', " and False", _API),
    _organizations("tokens outlive access", "access", "    tokens.revoke_all(member)\n", "", _ACCESS),
    _organizations(
        "sessions outlive access",
        "access",
        "    _end_sessions(member, changes)\n",
        "    Member.objects.filter(pk=member.pk).update(**changes)\n",
        _ACCESS,
    ),
    _organizations(
        "sessions don't carry the epoch",
        "models/member",
        '"{self.pk}:{self.epoch}"'.replace('"', ""),
        "{self.pk}",
        f"{_SIGN_IN} {_ACCESS}",
    ),
    _organizations(
        "who left is loaded",
        "signin",
        "filter(pk=user_id, is_active=True)",
        "filter(pk=user_id)",
        f"{_SIGN_IN} {_ACCESS}",
    ),
    _organizations(
        "a session's key lies in the database",
        "sessions",
        "return hashlib.sha256(session_key.encode()).hexdigest()[:40]",
        "return session_key",
        _SIGN_IN,
    ),
    # sign-in
    _organizations(
        "an address opens somebody's account",
        "signin",
        "if member.subject_index is not None or not member.is_active:",
        "if not member.is_active:",
        _SIGN_IN,
    ),
    Mutant(
        "any issuer",
        "clockwise/google/id_token.py",
        'if claims.get("iss") not in settings.issuers:',
        "if False:",
        "tests/clockwise/google/test_id_token.py",
    ),
    Mutant(
        "any nonce",
        "clockwise/google/id_token.py",
        "if not nonce or not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):",
        "if False:",
        "tests/clockwise/google/test_id_token.py",
    ),
    Mutant(
        "any audience",
        "clockwise/google/id_token.py",
        'if claims.get("aud") != settings.client_id or ',
        "if ",
        "tests/clockwise/google/test_id_token.py",
    ),
    Mutant(
        "any state",
        "clockwise/google/oauth.py",
        'if not hmac.compare_digest(params.get("state", "").encode(), trip.state.encode()):',
        "if False:",
        _SIGN_IN,
    ),
    # seals
    _encryption(
        "associated data dropped",
        "sealed",
        "ids + self._purpose_bytes",
        'b""',
        _SWAPS,
    ),
    _encryption(
        "the row isn't bound",
        "sealed",
        "<< 128 | row_id.int)",
        "<< 128)",
        _SWAPS,
    ),
    _encryption("no padding", "sealed", "PADDING_STEP = 64", "PADDING_STEP = 1", _SEALS),
    _encryption("one key for every column", "envelope", "info=purpose.encode()", 'info=b""', _SEALS),
    _encryption(
        "one nonce for ever", "envelope", "        return _nonces.pop()\n", "        return bytes(12)\n", _SEALS
    ),
    _encryption("nonces survive a fork", "envelope", "os.register_at_fork(after_in_child=_nonces.clear)", "", _SEALS),
    _encryption(
        "what can't be opened is handed out",
        "envelope",
        'raise SealBroken("A sealed blob is not what was sealed here.") from None',
        "return blob",
        _SEALS,
    ),
    _encryption(
        "a wrapped key opens under any name",
        "keys",
        'return {"clockwise-key": name}',
        "return {}",
        "tests/clockwise/encryption/test_keys.py",
    ),
    _encryption(
        "shredding deletes nothing", "keys", "    _keystore().delete_prefix(_keys_of(_path(owner)))\n", "", _SHRED
    ),
    _encryption(
        "shredding leaves no tombstone",
        "keys",
        '    _keystore().create(f"{_TOMBSTONES}{_path(owner)}{_TOMBSTONE_SUFFIX}", _TOMBSTONE)\n',
        "",
        _SHRED,
    ),
    _encryption(
        "a tombstone is passed over when a key is made",
        "keys",
        "    if is_shredded(owner):",
        "    if False:",
        f"{_SHRED} {_SEALS}",
    ),
    _encryption(
        "a restore brings back the shredded",
        "keys",
        "        here.delete_prefix(_keys_of(name.removeprefix(_TOMBSTONES).removesuffix(_TOMBSTONE_SUFFIX)))\n",
        "        pass\n",
        _SHRED,
    ),
    _encryption(
        "shredded keys stay in memory",
        "keys",
        "delete_prefix(_keys_of(_path(owner)))\n    forget(owner)",
        "delete_prefix(_keys_of(_path(owner)))",
        "tests/clockwise/encryption/test_keys.py",
    ),
    _encryption(
        "an open keystore",
        "keystore",
        "or stat.S_IMODE(mode) & 0o077",
        "",
        "tests/clockwise/encryption/test_keystore.py",
    ),
    _encryption(
        "a rewrapped key comes back from the dead",
        "keystore",
        "if not target.exists():",
        "if False:",
        "tests/clockwise/encryption/test_keystore.py",
    ),
    _encryption(
        "a key file for everybody",
        "providers/key_file",
        "if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:",
        "if False:",
        "tests/clockwise/encryption/test_key_file.py",
    ),
    _encryption(
        "keys for ever",
        "unwrapped",
        "entry[0] > time.monotonic() + lasting",
        "True",
        "tests/clockwise/encryption/test_unwrapped.py",
    ),
    _encryption(
        "one blind index for every purpose",
        "blind_index",
        'f"blind index:{purpose}"',
        '"blind index"',
        "tests/clockwise/encryption/test_blind_index.py",
    ),
    _encryption(
        "rows that are held stay behind",
        "resealing",
        " + _reseal_rest(model, whose, fields)",
        "",
        "tests/security/test_goal_10_rotation.py",
    ),
    # start and logs
    Mutant(
        "TLS without verification",
        "clockwise/transport.py",
        '== ["verify-full"]',
        'in (["verify-full"], ["require"])',
        _START,
    ),
    Mutant(
        "debugging in production", "clockwise/env.py", '        if self.flag("DEBUG"):\n', "        if False:\n", _START
    ),
    Mutant("a readable key file", "clockwise/env.py", "or stat.S_IMODE(mode) & 0o077", "", _START),
    Mutant("a start in spite of errors", "clockwise/start.py", "    if errors:", "    if False:", _START),
    Mutant(
        "addresses in the log",
        "clockwise/logs.py",
        '_PEOPLE.sub("[address]", _SECRETS.sub(_without_secret, text))',
        "_SECRETS.sub(_without_secret, text)",
        "tests/security/test_goal_30_logs.py",
    ),
    Mutant(
        "line breaks in the log",
        "clockwise/logs.py",
        'return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)',
        "return text",
        "tests/security/test_goal_30_logs.py",
    ),
]


def main(count: int | None) -> int:
    chosen = MUTANTS if count is None else random.sample(MUTANTS, min(count, len(MUTANTS)))
    survivors = []
    with tempfile.TemporaryDirectory(prefix="clockwise-mutants-") as folder:
        copy = _copy(Path(folder) / "checkout")
        for number, mutant in enumerate(chosen, start=1):
            killed = _is_killed(mutant, copy)
            if not killed:
                survivors.append(mutant.name)
            print(f"{number}/{len(chosen)} {'killed' if killed else 'SURVIVED'}: {mutant.name}", flush=True)
        _clean(copy)
    killed_count = len(chosen) - len(survivors)
    print(f"{killed_count} of {len(chosen)} killed, {100 * killed_count / len(chosen):.0f} %")
    return 0 if killed_count >= 0.9 * len(chosen) else 1


def _is_killed(mutant: Mutant, copy: Path) -> bool:
    """Whether a test fails with the mutant; that it passes without is for the ordinary run of the tests to say."""
    path = copy / mutant.file
    original = path.read_text()
    if mutant.schema:
        _clean(copy)
    path.write_text(original.replace(mutant.old, mutant.new, 1))
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--timeout", "120", *mutant.tests.split()]
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=SECONDS)
        return done.returncode == 1
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(original)
        if mutant.schema:
            _clean(copy)


def _copy(target: Path) -> Path:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    return target


def _clean(copy: Path) -> None:
    subprocess.run([sys.executable, "-m", "clockwise.embedded.clean_up", ".run"], cwd=copy, capture_output=True)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))
