"""The questions that pages ask of the store: pure functions from a lens to queries."""
