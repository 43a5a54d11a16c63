"""Strange certificates, and what reading them says to nobody."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from sniffer.tls.certificate import certificate_facts


def test_a_serial_number_of_zero_warns_nobody():
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.example")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    der = made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    zero = der.replace(b"\x02\x01\x02\x02\x01\x01", b"\x02\x01\x02\x02\x01\x00", 1)
    assert zero != der
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert certificate_facts(zero).common_names == ("mx.example",)
