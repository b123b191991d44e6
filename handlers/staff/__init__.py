"""The chat of a station, the office or the supervisors: what staff say and press."""
