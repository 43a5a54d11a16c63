"""HTTPS intake: FastAPI over a guarded uvicorn, no acknowledgement before durability."""
