"""Settings of Sphinx for the site; its sources are put together by `data_tools.site.build`."""

from colanet.version import __version__

project = "colanet"
author = "The colanet developers"
version = release = __version__
copyright = ""
html_show_copyright = False

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["raw/**"]
root_doc = "index"
highlight_language = "text"
pygments_style = "tango"
pygments_dark_style = "monokai"

myst_heading_anchors = 6
myst_enable_extensions = ["attrs_inline"]

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "ignore-module-all": False}
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = "colanet"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("offline.js", {"priority": 0})]
html_copy_source = False
html_show_sourcelink = False
