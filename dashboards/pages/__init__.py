"""The pages: one file each, thin between a lens, the store's answers and a template."""
