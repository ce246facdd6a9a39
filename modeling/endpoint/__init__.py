"""One client for OpenAI-compatible endpoints: agent, rephrasing and judges use it."""
