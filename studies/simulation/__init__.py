"""Simulated participants: how they decide, and how they walk the site as a browser would."""
