"""Firmware of the rig, for MicroPython. On the device this file does not exist."""
