"""One file per system, each with a `SYSTEM`; a new file here is a new system."""
