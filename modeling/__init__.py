"""Audio, loudness, generated songs, data sets and models: pure science, no Django."""
