"""A study's protocol: spec, presets, hash, trial lists. Pure: knows no rows."""
