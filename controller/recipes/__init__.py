"""Shipped recipes: data, found by name through controller.config.names."""
