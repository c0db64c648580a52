"""Recipes as data, their lint, and the procedure that executes them. Nothing here waits,
reads a clock or touches the wire."""
