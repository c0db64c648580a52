"""Commands. Each composes constructors; none holds logic that a test would miss elsewhere."""
