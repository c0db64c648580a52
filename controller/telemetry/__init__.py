"""Telemetry: what the station tells the plant, over MQTT, in a task of its own.

`plane.JsonPlane` is a sink of the loop and the first plane: JSON in a Unified-Namespace
path. `broker.start_broker` brings a broker for demonstrations. A leaf: it imports the
ports and its own folder, and nothing here is ever awaited by the control loop.
"""
