"""The site: links of its sources, pages that are made, the check of what was built; the site in a browser."""

import re
from pathlib import Path

import pytest
import yaml

from colanet.cli import COMMANDS
from colanet.errors import DataError
from data_tools.site import api, build, checks, citing, commands, contents, landing
from data_tools.site.links import Links
from tests import browser

ROOT = Path(__file__).resolve().parents[2]

# ------------------------------------------------------------------- sources


def test_links_become_those_of_the_site():
    links = Links()
    same = "[`x](no)` b](run.md#options) ![c](figures/fields.png) [d](https://e.org) [f](#g)\n"
    text = (
        f"[a](../README.md#set-up) {same}"
        "```bash\n[h](../README.md)\n```\n"
        "[i](../configs/mnist.yaml) [j](../experiments/results) `[k](../README.md)` [l](search.md) [m](README.md)\n"
    )
    assert links.of_page("docs/model.md", text) == (
        f"[a](index.md#set-up) {same}"
        "```bash\n[h](../README.md)\n```\n"
        "[i](files/configs/mnist.yaml.md) [j](files/experiments/results.md) `[k](../README.md)` "
        "[l](parameter_search.md) [m](pages.md)\n"
    )
    assert links.wanted == {"configs/mnist.yaml", "experiments/results"}
    assert links.of_page("README.md", "![](docs/figures/fields.png) [](docs/run.md) [](CITATION.cff)") == (
        "![](figures/fields.png) [](run.md) [](citing.md)"
    )
    with pytest.raises(DataError, match=r"docs/model\.md: link to \.\./nothing: there is no nothing"):
        links.of_page("docs/model.md", "[a](../nothing)")


def test_every_page_has_a_place_and_every_place_a_page():
    placed = [entry.rpartition("<")[2].rstrip(">") for entries in contents.SIDEBAR.values() for entry in entries]
    assert len(placed) == len(set(placed))
    made = {"citing", "commands", "api", "changelog"}
    assert set(placed) == set(contents.files()) | made
    assert {"search", "genindex", "py-modindex"} & set(placed) == set()  # pages that Sphinx makes


def test_the_landing_page_keeps_every_word_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    made = landing.landing(readme)
    words = re.findall(r"\w+", readme)
    assert sorted(set(words) - set(re.findall(r"\w+", made))) == []
    order = [made.index(text) for text in ("# colanet", "```bash", "```{figure}", "What is CoLaNET?", "## Results")]
    assert order == sorted(order)
    with pytest.raises(DataError, match="expected a title, a claim"):
        landing.landing(readme.replace("![", "["))


def test_the_page_on_citing_says_what_the_file_says():
    page = citing.page()
    entry = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert page.count("\n@") == 1 + len(entry["references"])
    assert f"version = {{{entry['version']}}}" in page
    assert "author = {Larionov, Denis and Bazenkov, Nikolay and Kiselev, Mikhail}" in page
    assert "eprint = {2506.17169}" in page
    assert "author = {{The colanet developers}}" in page


def test_the_page_on_commands_has_every_option():
    page = commands.page()
    for name in COMMANDS:
        assert f"\n## colanet {name}" in page
    for words, command in commands.leaves(commands.cli, ("colanet",)):
        section = page.partition(f"\n## {words}\n")[2].partition("\n## ")[0]
        for parameter in command.params:
            argument = parameter.metavar or parameter.name.upper()
            named = parameter.opts[0] if parameter.param_type_name == "option" else argument
            assert getattr(parameter, "hidden", False) or named in section, (words, named)


def test_public_modules_are_there_once():
    modules = [module for _, part in api.PARTS.values() for module in part]
    assert len(modules) == len(set(modules))
    assert {"colanet.session", "colanet.config", "colanet.estimator.classifier"} <= set(modules)


# ---------------------------------------------------------------- what was built


def test_broken_links_and_foreign_files_are_found(tmp_path):
    (tmp_path / "b.html").write_text('<p id="x">')
    (tmp_path / "a.html").write_text(
        '<script src="https://cdn.org/x.js"></script><img src="no.png"><a href="b.html#x">1</a>'
        '<a href="b.html#y">2</a>'
        '<a href="c.html">3</a><a href="https://e.org">4</a><a href="javascript:x">5</a><a href="#z">6</a>'
        '<link rel="stylesheet" href="//fonts.org/f.css"><link rel="next" href="b.html">'
    )
    assert sorted(checks.problems(tmp_path)) == [
        "a.html: link to #z: there is no such anchor",
        "a.html: link to b.html#y: there is no such anchor",
        "a.html: link to c.html: there is no such file",
        "a.html: link to javascript:x: expected http, https or a page of the site",
        "a.html: loads //fonts.org/f.css, expected a file of the site",
        "a.html: loads https://cdn.org/x.js, expected a file of the site",
        "a.html: loads no.png, which is not there",
    ]


def titles_found(tab, address, words):
    """Titles of the results of a search, in their order."""
    tab.driver.get(f"{address}?q={words}")
    tab.wait("return document.querySelector('#search-results .search-summary')?.innerText.includes('found')")
    return tab.js("return [...document.querySelectorAll('#search-results li a')].map((a) => a.innerText)")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning", "ignore::DeprecationWarning")  # between libraries
def test_the_site_is_built_without_a_warning_and_searched_without_a_network(tmp_path):
    """In one test, so that the site is built once."""
    for module, extra in (("sphinx", "docs"), ("myst_parser", "docs"), ("furo", "docs"), ("sklearn", "sklearn")):
        pytest.importorskip(module, reason=f'pip install "colanet[{extra}]" brings {module}')
    site = tmp_path / "site"
    assert build.build(site) == []
    assert list(checks.problems(site)) == []
    assert {f"{name}.html" for name in contents.files()} <= {path.name for path in site.glob("*.html")}
    if not (browser.BROWSER and browser.DRIVER):
        pytest.skip("built and checked, but not searched: there is no Chromium")
    for tab in browser.tabs():
        address = (site / "search.html").as_uri()
        for words, title in (
            ("hebbian_rate", "Fields of a configuration"), ("answered wrongly", "Report"), ("cite", "How to cite"),
            ("data set", "Extending colanet"), ("microcolumn", "CoLaNET explained"),
        ):  # fmt: skip
            assert title in titles_found(tab, address, words), words
        tab.driver.get((site / "index.html").as_uri())
        assert tab.js("return document.images[0].naturalWidth") > 1000
        log = [entry["message"] for entry in tab.driver.get_log("performance")]
        asked = [message for message in log if "requestWillBeSent" in message]
        assert asked
        assert [text for text in asked if re.search(r'"url":"(?:https?|wss?):', text)] == []
        assert tab.driver.get_log("browser") == []
