"""Rules of our own on the syntax tree: each stands for a way in which a promise was, or nearly was, broken."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.checks.finding import ROOT, Finding, product_files

# "Set" begins a sentence, "SET" and "set" a statement.
_SESSION_SETTING = re.compile(
    r"(?i:set_config\s*\([^)]*,\s*false\s*\))|^\s*(SET|set)\s+(SESSION|ROLE|session|role)\b"
    r"|^\s*(SET|set)\s+(?!LOCAL\b|local\b|search_path\b)[\w.]+\s*(=|(TO|to)\b)"
)
_DANGEROUS_IMPORTS = {"pickle", "marshal", "shelve", "dill", "xml.etree.ElementTree", "telnetlib", "ftplib"}
_WEAK_HASHES = {"md5", "sha1"}
_SEAL_ERRORS = {"SealBroken", "InvalidTag"}
_ENVIRONMENT_READERS = (
    "clockwise/env.py",
    "clockwise/celery.py",
    "clockwise/wsgi.py",
    "clockwise/embedded/",
    "clockwise/address.py",
    "clockwise/management/commands/run.py",
)
_OWNER_USERS = ("clockwise/management/commands/", "clockwise/tenancy/apps.py", "clockwise/settings.py")
# Looked at one by one: (file, rule) and why it may.
ALLOWED = {
    ("calendars/views/push.py", "CW02"): "Google's push brings its channel's token instead of a cookie",
    ("clockwise/organizations/views/risc.py", "CW02"): "Google's security events are signed, and come with no cookie",
    ("clockwise/audit/export.py", "CW10"): "an entry whose key is shredded is exported without its body, and says so",
    ("clockwise/tenancy/prepared.py", "CW05"): "a constant: one parameter, a list, becomes rows of a scoped query",
    ("clockwise/google/oauth.py", "CW08"): "sets the variable by which oauthlib is told about loopback",
    ("clockwise/management/commands/demo.py", "CW08"): "the demo's own switches",
    ("privacy/egress.py", "CW08"): "names KMS's and S3's hosts from the variables that boto3 itself reads",
    ("templates/privacy/document.html", "CW07"): "the installation's own legal pages, rendered from files of ours",
    ("templates/privacy/evidence.html", "CW07"): "the installation's own evidence page, rendered from files of ours",
    ("clockwise/selfscan/web.py", "CW06"): "asks whether old TLS is spoken, and sends nothing",
}
_TEMPLATE = re.compile(r"\|\s*safe\b|\bautoescape\s+off\b|\bsafeseq\b|\son\w+\s*=\s*[\"']|javascript:", re.I)


def check(root: Path = ROOT) -> list[Finding]:
    found: list[Finding] = []
    for path in product_files(root):
        name = path.relative_to(root).as_posix()
        found += _Reader(name).read(path.read_text())
    found += _templates(root)
    return [finding for finding in found if (finding.path, finding.rule) not in ALLOWED]


def _templates(root: Path) -> Iterator[Finding]:
    for path in sorted(root.glob("**/templates/**/*.html")):
        if ".venv" in path.parts:
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if _TEMPLATE.search(line):
                yield Finding(
                    path.relative_to(root).as_posix(), number, "CW07", "lets a template's text through unescaped"
                )


class _Reader(ast.NodeVisitor):
    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[Finding] = []

    def read(self, source: str) -> list[Finding]:
        self.visit(ast.parse(source))
        return self.found

    def _note(self, node: ast.AST, rule: str, problem: str) -> None:
        self.found.append(Finding(self.name, getattr(node, "lineno", 0), rule, problem))

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and _SESSION_SETTING.search(node.value):
            self._note(node, "CW01", "makes a setting that outlives its transaction")

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._import(node, node.module or "")
        for alias in node.names:
            if alias.name in {"mark_safe", "csrf_exempt"}:
                self._note(node, "CW02", f"imports {alias.name}")

    def _import(self, node: ast.AST, module: str) -> None:
        if module in _DANGEROUS_IMPORTS:
            self._note(node, "CW03", f"imports {module}")

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in {"eval", "exec"} and isinstance(node.func, ast.Name):
            self._note(node, "CW03", f"calls {name}")
        if name in _WEAK_HASHES:
            self._note(node, "CW04", f"uses {name}")
        if name in {"RawSQL", "raw", "extra"} and "migrations" not in self.name:
            self._note(node, "CW05", f"goes round the ORM by {name}()")
        for keyword in node.keywords:
            if (
                keyword.arg in {"verify", "check_hostname"}
                and name != "decode"
                and getattr(keyword.value, "value", None) is False
            ):
                self._note(node, "CW06", "switches the check of a certificate off")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in {"CERT_NONE", "_create_unverified_context", "PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1"}:
            self._note(node, "CW06", "weakens TLS")
        reads_environment = node.attr in {"environ", "getenv"} and getattr(node.value, "id", "") == "os"
        if reads_environment and not self.name.startswith(_ENVIRONMENT_READERS):
            self._note(node, "CW08", "reads the environment past clockwise/env.py")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        owner = isinstance(node.slice, ast.Constant) and node.slice.value == "owner"
        if owner and getattr(node.value, "id", "") == "connections" and not self.name.startswith(_OWNER_USERS):
            self._note(node, "CW09", "uses the owner's connection")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        names = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else set()
        if names & _SEAL_ERRORS and not any(isinstance(part, ast.Raise) for part in ast.walk(node)):
            self._note(node, "CW10", "goes on after a broken seal")
        self.generic_visit(node)
