"""Mail intake: aiosmtpd with every buffer, wait and count bounded, and no acknowledgement before durability."""
