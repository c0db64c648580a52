"""Shipped JSON Schemas of recipe, material and station files, for editors."""
