"""Shipped station files: data, found by name through controller.config.names."""
