"""A lint of migrations: a tenant table without its walls, and SQL that pulls them down."""

import ast
import re
from pathlib import Path

from tests.checks.finding import PRODUCT, ROOT, Finding

_SQL = {
    r"\bDISABLE\s+ROW\s+LEVEL\b|\bNO\s+FORCE\s+ROW\s+LEVEL\b|\bBYPASSRLS\b": "switches row-level security off",
    r"\bGRANT\b[^;]*\bTO\s+PUBLIC\b": "grants to everybody",
    r"\bMATERIALIZED\s+VIEW\b": "makes a materialized view, which row-level security doesn't reach",
    r"\bCREATE\s+(OR\s+REPLACE\s+)?VIEW\b(?![\s\S]*security_invoker\s*=\s*true)": "makes a view of its owner's eyes",
    r"\bUSING\s+(gist|gin|brin|hash)\b": "makes an index that row-level security can't use",
    r"current_setting\(\s*'(clockwise|app)\.(organization|tenant)'": "believes a plain setting",
    r"\bDROP\s+POLICY\s+tenant\b": "drops a tenant policy",
}


def check(root: Path = ROOT) -> list[Finding]:
    found: list[Finding] = []
    for folder in sorted(path for app in PRODUCT for path in (root / app).glob("**/migrations")):
        trees = {path: ast.parse(path.read_text()) for path in sorted(folder.glob("0*.py"))}
        protected = {name for tree in trees.values() for name in _named(tree, "ProtectTable")}
        referenced = {name for tree in trees.values() for name in _references(tree)}
        for path, tree in trees.items():
            name = path.relative_to(root).as_posix()
            found += [
                Finding(name, line, "CWM1", f"makes {model} without ProtectTable")
                for model, line in _tenant_models(tree)
                if model.lower() not in protected
            ]
            found += [
                Finding(name, line, "CWM2", f"adds {field} without AddTenantReference")
                for field, line, key in _added_references(tree)
                if key not in referenced and not _protected_later(tree, key[0])
            ]
            found += _forbidden_sql(name, tree)
    return found


def _calls(tree: ast.AST, name: str) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) == name]


def _argument(call: ast.Call, position: int, keyword: str) -> object:
    for each in call.keywords:
        if each.arg == keyword:
            return getattr(each.value, "value", None)
    return getattr(call.args[position], "value", None) if len(call.args) > position else None


def _named(tree: ast.AST, operation: str) -> set[str]:
    return {str(_argument(call, 0, "name")).lower() for call in _calls(tree, operation)}


def _protected_later(tree: ast.AST, model: str) -> bool:
    """A field that is added before its table is protected, in one migration, is tied by ProtectTable itself."""
    return model in _named(tree, "ProtectTable")


def _references(tree: ast.AST) -> set[tuple[str, str]]:
    return {
        (str(_argument(call, 0, "name")).lower(), str(_argument(call, 1, "field")))
        for call in _calls(tree, "AddTenantReference")
    }


def _tenant_models(tree: ast.AST) -> list[tuple[str, int]]:
    return [
        (str(_argument(call, 0, "name")), call.lineno)
        for call in _calls(tree, "CreateModel")
        if any(
            isinstance(node, ast.Tuple) and node.elts and getattr(node.elts[0], "value", "") == "organization"
            for node in ast.walk(call)
        )
    ]


def _added_references(tree: ast.AST) -> list[tuple[str, int, tuple[str, str]]]:
    return [
        (f"{model}.{field}", call.lineno, (str(model).lower(), str(field)))
        for call in _calls(tree, "AddField")
        if _calls(call, "TenantForeignKey")
        for model, field in [(_argument(call, 0, "model_name"), _argument(call, 1, "name"))]
    ]


def _forbidden_sql(name: str, tree: ast.AST) -> list[Finding]:
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    together = " ".join(str(node.value) for node in texts)
    trusting = "SECURITY DEFINER" in together and "search_path" not in together
    definer = [Finding(name, 0, "CWM4", "makes a SECURITY DEFINER function with the caller's search path")]
    return (definer if trusting else []) + [
        Finding(name, node.lineno, "CWM3", problem)
        for node in texts
        for pattern, problem in _SQL.items()
        if re.search(pattern, str(node.value), re.I)
    ]
