"""The project's own lint: what imports, types and ruff cannot show.

Run as ``lint_rules.py [ROOT]``; prints ``path:line: rule: what`` and exits 1 on any finding.

A line may carry ``# allow <rule>: <reason>``. The reason is part of the syntax: without one the
marker does not count.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CODE_FOLDERS = ("audit", "governance", "explain", "privacy", "model_cards", "api")
CHECKED_FOLDERS = (*CODE_FOLDERS, "examples", "tests", "tools", "benchmarks")
TEXT_SUFFIXES = {".md", ".toml", ".yaml", ".yml", ".html", ".j2", ".css", ".sh", ".json", ".cfg"}

MAX_FUNCTION_LINES = 50
MAX_FILE_LINES = 400

# The only places that may change rows: the log's store and the service's own mutable state.
WRITERS_OF_TABLES = ("audit/store", "api/state")
# JSON that people read may be written here. Bytes to be hashed come from the first two alone.
CANONICAL_WRITERS = ("audit/canonical.py", "audit/parsed_json.py")
WRITERS_OF_JSON = (*CANONICAL_WRITERS, "api/", "model_cards/formats", "examples/", "tools/")
# What a log line may say. None of these can name or describe a person.
# fmt: off
LOG_FIELDS = frozenset({
    "actor_role", "bucket", "code", "columns", "component", "count", "decision_id", "dialect",
    "digest", "duration_ms", "engine", "entry_id", "error_class", "extra", "function", "job",
    "kind", "limit", "method", "origin", "port", "request_id", "root", "route", "rows",
    "schema_version", "sequence", "setting", "size", "state", "status", "step", "table", "version",
})
# fmt: on
LOG_METHODS = frozenset(
    {"debug", "info", "warning", "error", "exception", "critical", "log", "bind", "msg"}
)
UNSAFE_LOADERS = frozenset({"pickle", "joblib", "dill", "cloudpickle", "marshal", "shelve"})

_ALLOW = re.compile(r"#\s*allow ([a-z-]+): \S")
_MACHINE_PATH = re.compile(r"(?<![\w.\-/}~<>])/(?:home|root|work|tmp|Users|opt|mnt)/\w")
_CHANGES_ROWS = re.compile(
    r"^\s*(?:UPDATE\s+\w+[\w.\"]*\s+SET|DELETE\s+FROM|TRUNCATE|DROP\s+TABLE|INSERT\s+OR\s+REPLACE"
    r"|REPLACE\s+INTO)\b",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule at one place."""

    path: str
    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.what}"


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file, read and parsed once."""

    path: str
    text: str
    tree: ast.Module

    def is_in(self, places: tuple[str, ...]) -> bool:
        """Return whether the file is in one of these folders, or is one of these files."""
        return self.path.startswith(places)

    def calls(self) -> Iterator[ast.Call]:
        """Return every call in the file."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def finding(self, node: ast.AST, rule: str, what: str) -> Finding:
        """Return a finding at the place of a node."""
        return Finding(self.path, getattr(node, "lineno", 1), rule, what)


Rule = Callable[[Source], Iterator[Finding]]


def dotted_name(node: ast.expr) -> str:
    """Return ``a.b.c`` for a chain of names, else an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted_name(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Return local name -> full name for every import, wherever in the file it stands."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.split(".")[0]
                names[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    """Return what a called expression is called where it was defined."""
    head, _, rest = dotted_name(node).partition(".")
    head = names.get(head, head)
    return f"{head}.{rest}" if rest else head


def _docstring_nodes(tree: ast.Module) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr):
                found.add(id(first.value))
    return found


def log_tables(source: Source) -> Iterator[Finding]:
    """No statement changes or removes rows outside the store and the service's own state."""
    if source.is_in((*WRITERS_OF_TABLES, "tests", "tools")):
        return
    names = imported_names(source.tree)
    for call in source.calls():
        called = full_name(call.func, names)
        changes = called.startswith("sqlalchemy") and called.endswith((".update", ".delete"))
        on_table = isinstance(call.func, ast.Attribute) and _is_table_change(call)
        if changes or on_table:
            yield source.finding(call, "log-tables", "rows are changed in audit/store alone")
    prose = _docstring_nodes(source.tree)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) not in prose and _CHANGES_ROWS.search(node.value):
            yield source.finding(node, "log-tables", "SQL that changes rows outside audit/store")


def _is_table_change(call: ast.Call) -> bool:
    """``something_table.update()`` or ``something_table.delete()``."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in {"update", "delete"}:
        return False
    owner = dotted_name(call.func.value).rsplit(".", 1)[-1].lower()
    return owner.endswith(("_table", "_rows", "entries", "bodies")) or owner == "table"


def json_for_hashing(source: Source) -> Iterator[Finding]:
    """Only audit/canonical and its short way turn values into bytes that are hashed."""
    if source.path in CANONICAL_WRITERS or source.is_in(("tests", "tools")):
        return
    names = imported_names(source.tree)
    hashes = any(name.split(".")[0] in {"hashlib", "hmac"} for name in names.values())
    for call in source.calls():
        if full_name(call.func, names) not in {"json.dumps", "orjson.dumps", "rfc8785.dumps"}:
            continue
        if hashes:
            what = "this file hashes: its bytes must come from audit/canonical"
            yield source.finding(call, "json-for-hashing", what)
        elif not source.is_in(WRITERS_OF_JSON):
            what = "JSON is written by audit/canonical, or at the edge (api, formats)"
            yield source.finding(call, "json-for-hashing", what)


def log_lines(source: Source) -> Iterator[Finding]:
    """A log line is a fixed text and allow-listed fields: nothing that can describe a person."""
    loggers = _logger_names(source.tree)
    for call in source.calls():
        func = call.func
        if not isinstance(func, ast.Attribute) or func.attr not in LOG_METHODS:
            continue
        if dotted_name(func.value).removeprefix("self.") not in loggers:
            continue
        yield from _log_call_findings(source, call, is_bind=func.attr == "bind")


def _logger_names(tree: ast.Module) -> set[str]:
    names = {"logger", "_logger", "LOGGER"}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Call):
            continue
        if dotted_name(node.value.func).endswith(("get_logger", "getLogger")):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {dotted_name(target).removeprefix("self.") for target in targets}
    return names


def _log_call_findings(source: Source, call: ast.Call, *, is_bind: bool) -> Iterator[Finding]:
    texts = call.args[:1]
    if not is_bind and not (texts and isinstance(texts[0], ast.Constant)):
        yield source.finding(call, "log-fields", "the event of a log line is a fixed text")
    if len(call.args) > 1:
        yield source.finding(call, "log-fields", "log values are named fields, never positional")
    for keyword in call.keywords:
        if keyword.arg is None:
            yield source.finding(call, "log-fields", "`**fields` hides what is logged")
        elif keyword.arg not in LOG_FIELDS and keyword.arg != "exc_info":
            what = f"field {keyword.arg!r} is not on the list of what a log line may say"
            yield source.finding(call, "log-fields", what)
        elif keyword.arg == "exc_info":
            what = "a traceback shows values; log error_class instead"
            yield source.finding(call, "log-fields", what)


def broad_except(source: Source) -> Iterator[Finding]:
    """Only an engine door may catch everything: a foreign library fails in ways nobody lists.

    A handler that tidies up and raises again catches nothing.
    """
    if source.path.endswith("_engine.py"):
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {dotted_name(kind) if kind else "Exception" for kind in caught}
        last = node.body[-1]
        tidies_up = isinstance(last, ast.Raise) and last.exc is None
        if names & {"Exception", "BaseException"} and not tidies_up:
            what = "catches everything; only *_engine.py may"
            yield source.finding(node, "broad-except", what)


def unsafe_loaders(source: Source) -> Iterator[Finding]:
    """No format that runs code when it is read."""
    if source.is_in(("tests",)):
        return
    for node in ast.walk(source.tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            if module.split(".")[0] in UNSAFE_LOADERS:
                yield source.finding(node, "unsafe-loader", f"{module} runs code when it reads")


def documented_raises(source: Source) -> Iterator[Finding]:
    """Each error class a public function raises itself is under Raises in its docstring."""
    if not source.is_in(CODE_FOLDERS):
        return
    for function in _functions(source.tree):
        documented = ast.get_docstring(function) or ""
        if function.name.startswith("_") or "\n" not in documented:
            continue
        for node in _own_nodes(function):
            if isinstance(node, ast.Raise) and node.exc is not None:
                raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                name = dotted_name(raised).rsplit(".", 1)[-1]
                if name[:1].isupper() and not re.search(rf"^\s*{name}\b", documented, re.MULTILINE):
                    what = f"{function.name} raises {name}; its docstring does not say so"
                    yield source.finding(node, "undocumented-raise", what)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Walk a function without entering the functions defined in it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def sizes(source: Source) -> Iterator[Finding]:
    """Short functions (docstrings not counted) and short files."""
    lines = source.text.count("\n")
    if lines > MAX_FILE_LINES:
        what = f"{lines} lines; at most {MAX_FILE_LINES}"
        yield Finding(source.path, 1, "file-length", what)
    for function in _functions(source.tree):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        first = function.body[0]
        if ast.get_docstring(function, clean=False) is not None:
            length -= (first.end_lineno or first.lineno) - first.lineno + 1
        if length > MAX_FUNCTION_LINES:
            what = f"{function.name} has {length} lines; at most {MAX_FUNCTION_LINES}"
            yield source.finding(function, "function-length", what)


RULES: tuple[Rule, ...] = (
    log_tables,
    json_for_hashing,
    log_lines,
    broad_except,
    unsafe_loaders,
    documented_raises,
    sizes,
)


def machine_paths(path: str, text: str) -> Iterator[Finding]:
    """No path that exists on one machine only."""
    for number, line in enumerate(text.splitlines(), start=1):
        if _MACHINE_PATH.search(line):
            yield Finding(path, number, "machine-path", "a path of one machine")


def check_text(path: str, text: str) -> list[Finding]:
    """Return what is wrong with one file, given by its path from the root and its text."""
    findings = list(machine_paths(path, text))
    if path.endswith(".py"):
        source = Source(path, text, ast.parse(text, filename=path))
        findings += [finding for rule in RULES for finding in rule(source)]
    lines = text.splitlines()
    return sorted(finding for finding in findings if not _is_allowed(finding, lines))


def _is_allowed(finding: Finding, lines: list[str]) -> bool:
    line = lines[finding.line - 1] if finding.line <= len(lines) else ""
    marker = _ALLOW.search(line)
    return marker is not None and marker.group(1) == finding.rule


def files_to_check(root: Path) -> Iterator[Path]:
    """Every Python file of the checked folders, and every text file of the project."""
    for folder in CHECKED_FOLDERS:
        yield from sorted((root / folder).rglob("*.py"))
    for top in (*CODE_FOLDERS, "docs", "deploy", "examples", "tools", "."):
        pattern = "*" if top == "." else "**/*"
        for path in sorted((root / top).glob(pattern)):
            if path.is_file() and (path.suffix in TEXT_SUFFIXES or path.name == "Makefile"):
                yield path


def main(root: Path) -> int:
    """Print every finding under ``root`` and return 1 if there was one."""
    findings: list[Finding] = []
    for path in files_to_check(root):
        if not path.is_symlink():
            text = path.read_text(encoding="utf-8")
            findings += check_text(path.relative_to(root).as_posix(), text)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()))
