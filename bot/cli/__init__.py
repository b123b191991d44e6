"""The commands of the office at the machine, a file each; `bot/__main__.py` puts them together."""
