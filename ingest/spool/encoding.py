"""A record as its payload and back. Pure."""

from __future__ import annotations

import msgspec

from ingest.spool.record import SpoolRecord
from ingest.spool.segment import checksum
from ingest.spool.segment_writer import EncodedRecord

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SpoolRecord)
_EARLIEST, _LATEST = -(1 << 63), (1 << 63) - 1


def encode_record(record: SpoolRecord) -> EncodedRecord:
    """The record's payload with its checksum.

    Text that is not UTF-8 (a file name, an envelope address) keeps its odd bytes as backslash escapes.
    """
    try:
        payload = _encoder.encode(record)
    except UnicodeEncodeError:
        payload = _encoder.encode(clean_texts(record))
    return EncodedRecord(max(_EARLIEST, min(record.arrived_at, _LATEST)), payload, checksum(payload))


def decode_record(payload: bytes) -> SpoolRecord | None:
    """None for a payload that is no SpoolRecord this version knows."""
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        return None


def clean_texts(record: SpoolRecord) -> SpoolRecord:
    """The record with each of its texts made encodable."""
    found = {name: getattr(record, name) for name in record.__struct_fields__}
    texts = {name: clean_text(value) for name, value in found.items() if isinstance(value, str)}
    return msgspec.structs.replace(record, **texts, rcpt_to=tuple(map(clean_text, record.rcpt_to)))


def clean_text(text: str) -> str:
    """Lone surrogates (Python's form of bytes that are not UTF-8) made visible."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
