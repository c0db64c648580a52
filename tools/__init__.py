"""Instruments for the people who build hotpress. Not installed with it; see tools/README.md."""
