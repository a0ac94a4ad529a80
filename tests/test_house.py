"""Rules that the code and the pages keep: sizes, caches, and links that lead somewhere."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

import colanet
from colanet.storage import FORMAT
from tests.blocks import PAGES

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for room in ("colanet", "data_tools", "experiments") for path in (ROOT / room).rglob("*.py"))
TEXTS = sorted(path for path in (ROOT / "colanet").rglob("*") if path.suffix in (".py", ".cu", ".cuh", ".cpp"))
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 60
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
CACHES = {"cache", "lru_cache"}


def shown(path):
    return path.relative_to(ROOT).as_posix()


def text_of(path):
    return path.read_text(encoding="utf-8")


# ------------------------------------------------------------------------- code


def too_long(tree):
    """Functions, with their docstrings, that are too long."""
    found = {node.name: node.end_lineno - node.lineno + 1 for node in ast.walk(tree) if isinstance(node, FUNCTIONS)}
    return {name: lines for name, lines in found.items() if lines > MOST_LINES_OF_A_FUNCTION}


def cached_methods(tree):
    """Methods under a cache of functools, which would keep their object for the life of the process."""
    for owner in ast.walk(tree):
        if isinstance(owner, ast.ClassDef):
            for method in (node for node in owner.body if isinstance(node, FUNCTIONS)):
                names = {n.attr if isinstance(n, ast.Attribute) else getattr(n, "id", None)
                         for decorator in method.decorator_list for n in ast.walk(decorator)}  # fmt: skip
                if names & CACHES:
                    yield f"{owner.name}.{method.name}"


def test_the_citation_names_this_version():
    assert yaml.safe_load(text_of(ROOT / "CITATION.cff"))["version"] == colanet.__version__


def test_the_changelog_tells_of_this_version_and_of_the_format_of_files():
    text = text_of(ROOT / "CHANGELOG.md")
    assert re.search(rf"^## {re.escape(colanet.__version__)}\b", text, re.M)
    assert f"`colanet_format`. It is {FORMAT}." in text


def test_files_are_short():
    lines = {shown(path): len(text_of(path).splitlines()) for path in SOURCES}
    assert {name: n for name, n in lines.items() if n > MOST_LINES} == {}


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_functions_are_short_and_no_method_is_cached(path):
    tree = ast.parse(text_of(path))
    assert too_long(tree) == {}
    assert list(cached_methods(tree)) == []


def test_what_is_too_long_or_cached_is_noticed():
    body = "\n".join(["        pass"] * MOST_LINES_OF_A_FUNCTION)
    one = f"    @functools.lru_cache(maxsize=1)\n    def one(self):\n{body}\n"
    code = f"class A:\n{one}    @cache\n    def two(self): ..."
    assert too_long(ast.parse(code)) == {"one": MOST_LINES_OF_A_FUNCTION + 1}
    assert list(cached_methods(ast.parse(code))) == ["A.one", "A.two"]


def test_the_check_of_a_gpu_is_a_command_by_its_path_and_by_its_name(tmp_path):
    """Where nothing is installed but what it needs, it is called by its path."""
    ways = ([str(ROOT / "experiments" / "gpu_check.py")], ["-m", "experiments.gpu_check"])
    for words, folder in zip(ways, (tmp_path, ROOT), strict=True):
        done = subprocess.run([sys.executable, *words, "--help"], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "--shim" in done.stdout


# ------------------------------------------------------------------------ pages


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    found, seen, fenced = [], Counter(), False
    for line in text_of(page).splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"#+ +(.*)", line)
        if heading:
            words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).strip().lower()
            name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            found.append(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return found


def links(page):
    """Links and pictures of a page outside of code, without those to other sites."""
    text = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`\n]*`", "", text)
    for target in re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target


def test_anchors_and_links_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `b`, c\n```\n# no\n[x](no)\n```\n## A b c\n## A b c\n[d](e.md#f) `[x](no)` ![g](h.png) [i](https://j)\n")
    assert anchors(page) == ["a-b-c", "a-b-c-1", "a-b-c-2"]
    assert list(links(page)) == ["e.md#f", "h.png"]


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_of_a_page_lead_somewhere(page):
    broken = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_pages_and_sections_that_the_code_cites_are_there():
    sections = {int(n) for n in re.findall(r"^## (\d+)\. ", text_of(ROOT / "docs" / "model.md"), re.MULTILINE)}
    broken = []
    for path in TEXTS + SOURCES:
        text = text_of(path)
        for name, anchor in re.findall(r"\b(docs/[\w/-]+\.md)(?:#([\w-]+))?", text):
            if not (ROOT / name).exists() or (anchor and anchor not in anchors(ROOT / name)):
                broken.append((shown(path), name, anchor))
        for first, last in re.findall(r"docs/model\.md,\s+sections? (\d+)(?: (?:to|and) (\d+))?", text):
            if not {int(first), int(last or first)} <= sections:
                broken.append((shown(path), first, last))
    assert sections
    assert broken == []


def test_the_model_is_cited_as_the_page_that_ships():
    lines = [(shown(path), line.strip()) for path in TEXTS for line in text_of(path).splitlines()]
    assert [(name, line) for name, line in lines if re.search(r"(?<!docs/)\bmodel\.md", line)] == []
