"""Wireshark's TLS layer → records and the messages in them."""

from __future__ import annotations

from sniffer.tls.client_hello import ALPN, LONGEST_SESSION_ID, PRE_SHARED_KEY, SIGNATURE_ALGORITHMS, ClientHello
from sniffer.tls.codes import CERTIFICATE, CLIENT_HELLO, SERVER_HELLO, SERVER_HELLO_DONE, SERVER_KEY_EXCHANGE, group_name
from sniffer.tls.records import RETRY_RANDOM
from sniffer.tls.server_hello import MAX_CHAIN, ServerHello
from sniffer.wireshark.facts import Certificates, HelloDone, KeyExchange, Message, TlsPiece, TlsRecord
from sniffer.wireshark.tree import Fields, Node, nodes

_HANDSHAKE = 22


def tls_piece(data: bytes, layer: Node) -> TlsPiece:
    """One TLS layer. ``data``: the bytes that the dissector got."""
    records = tuple(record for node in nodes(layer, "tls.record") if (record := _record(node)))
    ja3 = next((name for node in nodes(layer, "tls.record") for name in Fields(node).texts("tls.handshake.ja3")), None)
    return TlsPiece(data, records, ja3, "tls.ignored_unknown_record_raw" in layer or not records)


def _record(node: Node) -> TlsRecord | None:
    fields = Fields(node)
    kind = fields.number("tls.record.content_type")
    if kind is None:
        kind = fields.number("tls.record.opaque_type")
    length = fields.number("tls.record.length")
    if length is None:
        return None
    if kind is None:  # SSL 2.0's form has no content type
        return TlsRecord(_HANDSHAKE, length, _messages(node)) if fields.numbers("tls.handshake.type") else None
    level, description = fields.number("tls.alert_message.level"), fields.number("tls.alert_message.desc")
    alert = (level, description) if level is not None and description is not None else None
    return TlsRecord(kind, length, _messages(node), alert)


def _messages(record: Node) -> tuple[Message, ...]:
    found = nodes(record, "tls.handshake") or ([record] if "tls.handshake.type" in record else [])
    return tuple(message for node in found if (message := _message(node)))


def _message(node: Node) -> Message | None:
    fields = Fields(node)
    kind = fields.number("tls.handshake.type")
    if kind == CLIENT_HELLO:
        return _client_hello(node, fields)
    if kind == SERVER_HELLO:
        return _server_hello(node, fields)
    if kind == CERTIFICATE:
        return Certificates(tuple(found.data for found in fields.raws("tls.handshake.certificate"))[:MAX_CHAIN])
    if kind == SERVER_KEY_EXCHANGE:
        curve = fields.number("tls.handshake.server_named_curve")
        return KeyExchange(None if curve is None else group_name(curve))
    return HelloDone() if kind == SERVER_HELLO_DONE else None


def _extensions(hello: Node) -> list[tuple[int, Fields]]:
    """Each extension's type and branch: a field of its own today, in Wireshark 4.0 a text for people."""
    named = [name for name in hello if name == "tls.handshake.extension" or name.startswith("Extension: ")]
    branches = [Fields(branch) for name in named for branch in nodes(hello, name)]
    return [(kind, branch) for branch in branches if (kind := branch.number("tls.handshake.extension.type")) is not None]


def _client_hello(node: Node, fields: Fields) -> ClientHello | None:
    version = fields.number("tls.handshake.version")
    ciphers = b"" if fields.number("tls.handshake.cipher_suites_length") == 0 else fields.raw("tls.handshake.ciphersuites")
    if version is None:
        return None
    if ciphers is None:
        return _ssl2_hello(fields, version)
    session = _session_id(fields)
    if session is None:
        return None
    extensions = _extensions(node)
    algorithms = next((branch.numbers("tls.handshake.sig_hash_alg") for kind, branch in extensions if kind == SIGNATURE_ALGORITHMS), [])
    return ClientHello(
        version,
        session,
        ciphers,
        tuple(kind for kind, _ in extensions),
        _server_name(fields),
        fields.raw("tls.handshake.extensions_supported_groups") or b"",
        fields.raw("tls.handshake.extensions_ec_point_formats") or b"",
        _pairs(algorithms),
        _protocol(extensions),
        _pairs(fields.numbers("tls.handshake.extensions.supported_version")),
    )


def _session_id(fields: Fields) -> bytes | None:
    """None for one that is too long: Wireshark reads on past the message's end."""
    session = fields.raw("tls.handshake.session_id") or b""
    return session if len(session) <= LONGEST_SESSION_ID else None


def _ssl2_hello(fields: Fields, version: int) -> ClientHello:
    specs = fields.numbers("tls.handshake.cipherspec")
    return ClientHello(version, b"", _pairs(specs), (), whole=False)


def _pairs(codes: list[int]) -> bytes:
    return b"".join(code.to_bytes(2, "big") for code in codes if 0 <= code < 0x10000)


def _server_name(fields: Fields) -> str | None:
    name = fields.raw("tls.handshake.extensions_server_name")
    return (name.decode("ascii", "replace").rstrip(".") or None) if name else None


def _protocol(extensions: list[tuple[int, Fields]]) -> bytes:
    """The first ALPN name behind its length."""
    names = [branch.raw("tls.handshake.extensions_alpn_str") for kind, branch in extensions if kind == ALPN]
    return bytes((len(names[0]),)) + names[0] if names and names[0] else b""


def _server_hello(node: Node, fields: Fields) -> ServerHello | None:
    version, cipher = fields.number("tls.handshake.version"), fields.number("tls.handshake.ciphersuite")
    session = _session_id(fields)
    if version is None or cipher is None or session is None:
        return None
    extensions = _extensions(node)
    chosen = fields.number("tls.handshake.extensions.supported_version")
    group = fields.number("tls.handshake.extensions_key_share_group")
    selected = fields.number("tls.handshake.extensions_key_share_selected_group")
    share = selected if group is None else group
    protocol = _protocol(extensions)
    return ServerHello(
        version if chosen is None else chosen,
        cipher,
        session,
        fields.raw("tls.handshake.random") == RETRY_RANDOM,
        None if share is None else group_name(share),
        any(kind == PRE_SHARED_KEY for kind, _ in extensions),
        protocol[1:].decode("utf-8", "replace") or None,
    )
