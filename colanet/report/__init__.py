"""Results as one HTML page without network: figures, receptive fields, decisions explained, comparison."""
