"""A page that explains results: figures, receptive fields, decisions, comparison, in one HTML file without network."""
