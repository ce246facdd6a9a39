"""Training of the two advisors: presets, data on the device, the loop, its state (torch)."""
