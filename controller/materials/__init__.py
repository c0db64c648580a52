"""Shipped material files: data, found by name through controller.config.names."""
