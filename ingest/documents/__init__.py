"""What arrived, as the store's documents: pure functions from sessions and reports to flat fields of the schema."""
