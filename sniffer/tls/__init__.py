"""The TLS observer: records, hellos, suites, fingerprints and certificates of a handshake seen in passing. Pure."""

from sniffer.tls.conversation import HandshakeReader, TlsFacts, TlsSign, observe_tls

__all__ = ["HandshakeReader", "TlsFacts", "TlsSign", "observe_tls"]
