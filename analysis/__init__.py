"""Vectors of level, agreement and consensus: pure numpy and scipy, no rows and no Django."""
