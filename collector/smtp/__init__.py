"""Mail intake: aiosmtpd with every buffer, wait and count bounded, and no acknowledgement before durability."""

from collector.smtp.intake import SmtpIntake
from collector.smtp.settings import SmtpSettings

__all__ = ["SmtpIntake", "SmtpSettings"]
