"""The machine's other face: Modbus TCP modules with registers, leases and a pace of their own.

Written without pymodbus, which the controller uses: two sides that share a library agree
with its bugs.
"""
