"""The documentation as a site: ``python -m data_tools.site`` builds it from README, docs, code and CITATION.cff."""
