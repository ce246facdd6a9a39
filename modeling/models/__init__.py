"""The two advisors: evidence, posterior and decision (numpy); trunk and networks (torch)."""
