"""Which calls of AWS a function's code can make, read from the code itself.

The application is built as it is deployed, and from what a handler calls of it the sources are followed, object by
object and method by method, to the adapters that hold a client of AWS. What is handed on as an argument counts with
all its methods, so that the answer is never too small.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from infra.local.server import ROOT
from paygate import bootstrap
from paygate.config import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CORE = ROOT / "layers" / "core" / "python" / "paygate"
_TARGETS = ("_queue_url", "_bucket", "_arn")
_CLIENT = re.compile(r'boto3\.client\(\s*"(\w+)"')
_SIGNED = {("s3", "generate_presigned_post"): "PutObject"}  # no call of its own: whoever has the form makes it


@dataclass(frozen=True, order=True)
class AwsCall:
    action: str
    target: str


def modules_with_clients() -> set[Path]:
    return {path for path in CORE.rglob("*.py") if "boto3" in path.read_text(encoding="utf-8")}


def reached_by(function: str, variables: Mapping[str, str]) -> set[AwsCall]:
    """What the handler of `functions/<function>` can ask of AWS, but for its settings.

    `variables`: its environment, with the name that template.yaml has for what is there at the end of each address.
    """
    walk, application = _Walk(), _application(tuple(sorted(variables.items())))
    tree = ast.parse((ROOT / "functions" / function / "app.py").read_text(encoding="utf-8"))
    for chain, is_called in _chains(tree, _is_application):
        walk.follow(application, chain, is_called=is_called)
    return walk.found


@cache
def _application(variables: tuple[tuple[str, str], ...]) -> bootstrap.App:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of settings left at their development defaults
        return bootstrap.build(read_settings({**dict(variables), "APP_ENV": "development"}))


class _Walk:
    def __init__(self) -> None:
        self.found: set[AwsCall] = set()
        self._seen: set[tuple[int, str]] = set()

    def follow(self, start: Any, chain: list[str], *, is_called: bool) -> None:
        """`start.a.b`: whose method is it in the end?"""
        value = start
        for name in chain:
            if isinstance(inspect.getattr_static(type(value), name, None), _CODE):
                self.visit(value, name)
                return
            value = getattr(value, name, None)
        if inspect.ismethod(value):
            self.visit(value.__self__, value.__name__)
        elif _is_ours(value):
            self._visit_all(value, ["__call__"] if is_called else _methods(type(value)))

    def visit(self, owner: Any, method: str) -> None:
        if (id(owner), method) in self._seen:
            return
        self._seen.add((id(owner), method))
        tree = _source(type(owner), method)
        self.found |= {AwsCall(action, _target(owner)) for action in _own_calls(type(owner), tree)}
        for chain, is_called in _chains(tree, lambda node: isinstance(node, ast.Name) and node.id == "self"):
            self.follow(owner, chain, is_called=is_called)

    def _visit_all(self, owner: Any, methods: list[str]) -> None:
        for method in methods:
            if hasattr(type(owner), method):
                self.visit(owner, method)


_CODE = (type(lambda: None), property, classmethod, staticmethod)


def _is_ours(value: Any) -> bool:
    return type(value).__module__.startswith("paygate.") and not isinstance(value, type)


def _methods(owner: type) -> list[str]:
    return [name for name, code in vars(owner).items() if isinstance(code, _CODE) and name != "__init__"]


@cache
def _source(owner: type, method: str) -> ast.AST:
    code = inspect.unwrap(getattr(owner, method))
    code = code.fget if isinstance(code, property) else code
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError):  # what a dataclass makes has no source, and calls nothing
        return ast.Module(body=[], type_ignores=[])


def _chains(tree: ast.AST, is_root: Any) -> Iterator[tuple[list[str], bool]]:
    """Every `root.a.b` in the tree, longest first, and whether it is called."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    unused = {id(node.left) for node in ast.walk(tree) if isinstance(node, ast.Compare)}  # `… is None`
    inner = unused | {id(node) for node in ast.walk(tree) if isinstance(getattr(node, "ctx", None), ast.Store)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or id(node) in inner:
            continue
        names, at = [node.attr], node.value
        while isinstance(at, ast.Attribute):
            inner.add(id(at))
            names.append(at.attr)
            at = at.value
        if is_root(at):
            yield names[::-1], id(node) in called


def _is_application(node: ast.AST) -> bool:
    is_made = isinstance(node, ast.Call) and ast.unparse(node.func) == "bootstrap.app"
    return is_made or (isinstance(node, ast.Name) and node.id == "app")


def _own_calls(owner: type, tree: ast.AST) -> set[str]:
    """Actions of the calls that a method makes on a client of its own class."""
    found = _CLIENT.search(inspect.getsource(owner))
    if not found:
        return set()
    service, made = found.group(1), {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = {func.attr for func in made if isinstance(func, ast.Attribute)}
    return {f"{service}:{action}" for name in names if (action := _action(service, name))}


@cache
def _action(service: str, method: str) -> str | None:
    client = boto3.client(service, region_name="eu-west-1")
    known = client.meta.method_to_api_mapping.get(method)
    return _SIGNED.get((service, method)) or (str(known) if known else None)


def _target(owner: Any) -> str:
    where = next((str(value) for name in _TARGETS if (value := getattr(owner, name, None))), "")
    return where.rpartition("/")[2]
