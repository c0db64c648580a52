"""What SCADA, HMI and CLI may ask of a running station, and who may ask it."""
