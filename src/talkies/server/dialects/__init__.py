"""Public APIs that callers' programs already speak, one module each."""
