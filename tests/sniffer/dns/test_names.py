"""Any bytes, and any number of names."""

from __future__ import annotations

import dns.message
from hypothesis import given, settings
from hypothesis import strategies as st

from sniffer.dns.asked import Message
from sniffer.dns.message import read_answer
from sniffer.dns.names import Names
from sniffer.dns.question import MX, Question, question_of
from sniffer.dns.stream import messages_of
from sniffer.settings import DnsSettings
from sniffer.stream import Connection, StreamHead
from sniffer.weird import Weird

from .conftest import START, answer_to

QUERY = dns.message.make_query("Mail.example", "MX", id=7)
ANSWER = answer_to(QUERY, "10 mx1.mail.example.", "20 mx2.mail.example.", brings=("mx1.mail.example. A 192.0.2.25",)).to_wire()
DAMAGED = st.builds(
    lambda at, junk, kept: (ANSWER[:at] + junk + ANSWER[at + len(junk) :])[:kept],
    st.integers(0, len(ANSWER)),
    st.binary(max_size=12),
    st.integers(0, 200),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=80), DAMAGED), max_size=4))
def test_no_bytes_raise(messages: list[bytes]) -> None:
    names = Names(DnsSettings(), Weird())
    for data in messages:
        question_of(data)
        read_answer(data)
        names.take(Message(START, "192.0.2.53", 1, 1, data))
    names.about("192.0.2.25", START, START)
    stream = b"".join(len(data).to_bytes(2, "big") + data for data in messages)
    for client, server in ((QUERY.to_wire(), stream), (stream, stream), (stream, stream[:-1])):
        head, other = (StreamHead(data, ((0, START),), True, "fin", len(data), 1) for data in (client, server))
        messages_of(Connection("198.18.0.1", 40000, "192.0.2.53", 53, START, START, head, other))


def test_the_question_is_read_without_case() -> None:
    assert question_of(ANSWER) == Question("mail.example", MX, 7, True)
    assert question_of(QUERY.to_wire()) == Question("mail.example", MX, 7, False)


def test_memory_is_bounded_and_forgetting_is_counted() -> None:
    weird = Weird()
    limits = DnsSettings(names=8, others=4, waiting=4)
    names = Names(limits, weird)
    for number in range(40):
        query = dns.message.make_query(f"d{number}.example", "MX", id=number)
        brings = (f"mx0.d{number}.example. A 192.0.2.{number}",)
        answer = answer_to(query, *(f"{n} mx{n}.d{number}.example." for n in range(6)), brings=brings)
        names.take(Message(START + number, "192.0.2.53", number, 1, answer.to_wire()))
        other = dns.message.make_query(f"www{number}.example", "A", id=number)
        names.take(Message(START + number, "192.0.2.53", 1000 + number, 1, answer_to(other, "192.0.2.1").to_wire()))
    assert weird.dns_forgotten > 0
    held = [names._hosts, names._domains, names._policies, names._doubts]
    assert all(len(links) <= limits.names for links in held)
    assert len(names._waiting) <= limits.waiting
    assert len(names._races) <= limits.waiting
    last = names.about("192.0.2.39", START + 50, START + 50)
    assert last is None or last.domains == ("d39.example",)
    assert names.about("192.0.2.1", START + 50, START + 50) is None


def test_a_message_that_is_too_large_is_refused() -> None:
    weird = Weird()
    names = Names(DnsSettings(message=len(ANSWER) - 1), weird)
    names.take(Message(START, "192.0.2.53", 1, 1, ANSWER))
    assert (weird.dns_refused, names.about("192.0.2.25", START, START)) == (1, None)
