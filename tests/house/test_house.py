"""The plan of the house: imports only go down, no room is too large, nothing executes what it reads."""

import ast
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "isthmus"

# From the top to the bottom; rooms on one line do not import each other.
FLOORS = [
    ["cli", "serve"],
    ["reports"],
    ["tasks"],
    ["recipes"],
    ["store"],
    ["training"],
    ["autoencoder"],
    ["critics", "corruptions", "distances", "objectives", "views"],
    ["structures"],
    ["networks"],
    ["codes"],
    ["kinds"],
    ["players"],
    ["code"],
    ["tensors", "files", "sparing", "extras"],
    ["errors", "version", "words"],
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def files():
    return sorted(SOURCE.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The rooms that a file imports, those behind TYPE_CHECKING aside: they cost and couple nothing at run time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("isthmus"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("isthmus.")}
    return found


def test_every_room_has_its_floor():
    assert {room(path) for path in files()} - {"__init__"} <= FLOOR.keys()


def test_no_import_climbs_or_goes_sideways():
    wrong = [
        f"{path.relative_to(SOURCE)} imports {other}"
        for path in files()
        if room(path) != "__init__"
        for other in imported(path) & FLOOR.keys()
        if other != room(path) and FLOOR[other] <= FLOOR[room(path)]
    ]
    assert not wrong


def test_no_import_goes_round_within_a_room():
    graph = {}
    for path in files():
        name = ".".join(("isthmus", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")
        nodes = [n for n in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(n, ast.ImportFrom)]
        graph[name] = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
        graph[name] |= {str(node.module) for node in nodes if node.module != name}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name in graph and name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_no_file_holds_more_than_one_thought():
    assert not [f"{path}" for path in files() if len(path.read_text(encoding="utf-8").splitlines()) > 400]


def test_the_core_is_short_and_asks_no_part_what_it_is():
    text = (SOURCE / "autoencoder.py").read_text(encoding="utf-8")
    code = [line for line in _without_docstrings(text).splitlines() if line.strip()]
    assert len(code) <= 100
    assert "isinstance" not in text


def test_nothing_executes_what_it_reads():
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile"}, path
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & {"pickle", "dill", "joblib", "marshal", "shelve"}, path
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"torch.load", "np.load", "numpy.load"}:
                options = {option.arg: ast.unparse(option.value) for option in node.keywords}
                assert ast.unparse(node.func) != "torch.load", path
                assert options.get("allow_pickle") == "False", path


def test_only_the_room_of_containers_knows_them():
    allowed = {"tables.py", "table_files.py", "columns.py", "schema.py"}
    for path in files():
        if path.name not in allowed and room(path) not in ("tasks",):
            text = path.read_text(encoding="utf-8")
            assert "import pandas" not in text, path
            assert "import polars" not in text, path


def test_importing_isthmus_and_its_help_load_nothing_heavy():
    heavy = "{'torch', 'pandas', 'sklearn', 'matplotlib', 'scipy', 'pyarrow'}"
    code = f"import sys, isthmus, isthmus.cli; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def _without_docstrings(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
