"""Rows and documents shaped for people: pure functions between the store's answers and the templates."""
