"""The wire: Modbus stations and the device profiles they are read by. Imports only ports."""
