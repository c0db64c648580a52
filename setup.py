"""The C parts of the wheel; everything else is in pyproject.toml."""

from setuptools import setup

setup(cffi_modules=["native/build.py:press", "native/build.py:plant"])
