"""HTTPS intake: FastAPI over a guarded uvicorn, no acknowledgement before durability."""

from collector.https.intake import HttpsIntake
from collector.https.settings import HttpsSettings

__all__ = ["HttpsIntake", "HttpsSettings"]
