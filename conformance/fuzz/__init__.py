"""Bodies that nobody thought of, made from the request schemas in ``schemas/openai/requests``."""
