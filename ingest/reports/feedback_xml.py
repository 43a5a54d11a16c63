"""An aggregate report's XML, child by child of ``feedback``, in memory that does not grow with the report.

defusedxml's guarded expat reads it: a DOCTYPE, an entity declaration or an external reference is refused where it
stands, before anything is expanded or fetched. Its element events go straight into ElementTree's builder, and
finished children are taken off the tree after each piece, so at most a piece and one child are held.

Names are compared without namespace: prefix and namespace of real reports are often wrong. An element with a prefix
other than the root's is an extension (RFC 9990) and nobody's field.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from ingest.reports.content import claims_dmarc, xml_start
from ingest.reports.errors import BadXml, DoctypeForbidden, NotAReport, ReportError, TooDeep, TooLarge, TooManyElements
from ingest.reports.limits import Limits
from ingest.reports.plain_records import PlainRecord, Segment, segments
from ingest.reports.plain_rest import PlainRest, plain_rest
from ingest.reports.text import HEAD, utf8_pieces
from ingest.reports.warnings import Notes

_DECLARATION = re.compile(rb"<\?xml\b[^>]{0,1000}>\s*", re.I)
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_LONGEST_REFERENCE = 10
_RECORD = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,40}:)?record[\s>]", re.I)
_LONGEST_TAG = 64
_NOTHING = Segment(b"", None)
_RESUMES = 100
"""How often reading goes on behind a damaged place."""


DMARC_NAMESPACES: frozenset[str] = frozenset(
    {
        "urn:ietf:params:xml:ns:dmarc-2.0",
        "http://dmarc.org/dmarc-xml/0.1",
        "http://dmarc.org/dmarc-xml/0.2",
        "http://www.dmarc.org/dmarc-xml/0.1",
    }
)


class LocalNames(dict[str, str]):
    """Tag as written → local name in lower case; "" for an extension's element."""

    _MOST = 512

    def __init__(self, root: str, others: Iterable[str] = ()) -> None:
        """``others``: prefixes that mean the same as the root's."""
        super().__init__()
        self._prefixes = {"", root.rpartition(":")[0].lower(), *others}

    def __missing__(self, tag: str) -> str:
        prefix, _, local = tag.lower().rpartition(":")
        name = local if prefix in self._prefixes else ""
        if len(self) < self._MOST:
            self[tag] = name
        return name


class Child(NamedTuple):
    """A child of ``feedback``: its element, or (``element`` None) a plain record that needs no parser. Both are set for a
    plain record that needed it."""

    element: Element | None
    plain: PlainRecord | None
    rest: PlainRest | None = None
    """The plain record's rest; None when it is known already."""


class Feedback:
    """The root element of an aggregate report. Iterating it reads the XML, once.

    ``names`` and ``namespace`` are set when the first child comes, or at the end. ``known`` holds the rests of plain
    records that need not be parsed again; the caller adds to it.
    """

    def __init__(self, chunks: Iterable[bytes], limits: Limits, notes: Notes, known: Container[bytes] = ()) -> None:
        self._segments = segments(self._counted(_mended(utf8_pieces(chunks, notes), notes)))
        self._limits = limits
        self._notes = notes
        self._known = known
        self._head = b""
        self._begun = False
        self.namespace: str | None = None
        self.names = LocalNames("")

    def __iter__(self) -> Iterator[Child]:
        """Children of ``feedback`` in order; a cut-off one is given too, unless it is a record.

        Raises NotAReport when there is no ``feedback``, BadXml when one seems meant, DoctypeForbidden, and OverLimit.
        """
        parser = _GuardedParser(self._limits.xml_depth)
        resumes = 0
        since_child = 0
        text, plain = next(self._segments, _NOTHING)
        while text:
            between = parser.at_root
            if plain is not None and between:
                known = plain.rest in self._known
                rest = None if known else plain_rest(plain.rest)
                if known or rest is not None:
                    yield Child(None, plain, rest)
                    since_child = 0
                    text, plain = next(self._segments, _NOTHING)
                    continue
            single = plain is not None and between and plain.repeatable
            damaged_at = parser.feed_whole_child(text) if single else parser.feed_piece(text)
            self._begin(parser)
            finished = parser.finished_children()
            if finished:
                since_child = 0
            alone = plain if single and damaged_at is None else None
            for child in finished:
                yield Child(child, alone)
            since_child += len(text)
            self._check_growth(parser, since_child)
            if damaged_at is None:
                text, plain = next(self._segments, _NOTHING)
                continue
            yield from self._last_children(parser, "xml_damaged")
            resumes += 1
            if not parser.feedback_open or resumes > _RESUMES:
                break
            text, plain = self._next_record(text[damaged_at + 1 :]), None
            parser, since_child = parser.resumed(), 0
        else:
            parser.feed_piece(b"", final=True)
            self._begin(parser)
            yield from self._last_children(parser, "xml_truncated")
        for _ in self._segments:
            pass

    def _begin(self, parser: _GuardedParser) -> None:
        """Once the root is known: what its name and attributes say."""
        root = parser.feedback
        if root is None or self._begun:
            return
        self._begun = True
        prefix = root.tag.rpartition(":")[0]
        self.namespace = root.get(f"xmlns:{prefix}" if prefix else "xmlns")
        declared = [(name.partition(":")[2].lower(), value) for name, value in root.items() if name.startswith("xmlns:")]
        own = DMARC_NAMESPACES | ({self.namespace} if self.namespace else frozenset())
        self.names = LocalNames(root.tag, [name for name, value in declared if value in own])
        if parser.top is not root:
            self._notes.add("stray_elements")

    def _counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The same text. Its beginning is kept until the root is known, to tell what it meant to be."""
        elements = 0
        for piece in pieces:
            elements += piece.count(b"<") - piece.count(b"</")
            if elements > self._limits.xml_elements:
                raise TooManyElements(f"more than {self._limits.xml_elements}")
            if not self._begun and len(self._head) < HEAD:
                self._head += piece[:HEAD]
            yield piece

    def _check_growth(self, parser: _GuardedParser, since_child: int) -> None:
        """An unfinished child is held whole: it must stay small. The parser holds each name that it met."""
        if len(parser.names) > self._limits.xml_names:
            raise TooManyElements(f"more than {self._limits.xml_names} different names")
        if since_child > self._limits.xml_child_bytes:
            if parser.feedback is None and not claims_dmarc(self._head):
                raise NotAReport("XML without a feedback element")
            raise TooLarge(f"one element is longer than {self._limits.xml_child_bytes} bytes")

    def _last_children(self, parser: _GuardedParser, word: str) -> Iterator[Child]:
        """What is left at the end, or where damage ended the reading."""
        if parser.feedback is None:
            raise self._no_feedback(parser)
        parser.unwind()
        if parser.feedback_open:
            self._notes.add(word)
        elif parser.damage:
            self._notes.add("stray_elements" if parser.top is not parser.feedback else "trailing_content")
        rest = list(parser.feedback)
        if parser.child_open and rest and self.names[rest[-1].tag] == "record":
            self._notes.drop("record_dropped")
            rest.pop()
        for child in rest:
            yield Child(child, None)

    def _next_record(self, rest: bytes) -> bytes:
        """The text from the next record on, behind a damaged place; nothing when there is none."""
        while True:
            found = _RECORD.search(rest)
            if found is not None:
                return rest[found.start() :]
            text, _ = next(self._segments, _NOTHING)
            if not text:
                return b""
            rest = rest[-_LONGEST_TAG:] + text

    def _no_feedback(self, parser: _GuardedParser) -> ReportError:
        if parser.damage and claims_dmarc(self._head):
            return BadXml(parser.damage)
        return NotAReport(f"XML without a feedback element{f' ({parser.damage})' if parser.damage else ''}")


class _GuardedParser(DefusedExpatParser):  # type: ignore[misc]
    """expat with defusedxml's refusals, building elements. Encodings are not its matter: it is fed UTF-8."""

    def __init__(self, most_depth: int) -> None:
        super().__init__(namespaceHandling=0, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        self._source.setEncoding("utf-8")
        self._interning: dict[str, str] = {}
        self.reset()
        self._builder = TreeBuilder()
        self._fed = 0
        self._most_depth = most_depth
        self._depth = 0
        self._root_depth = 0
        self.top: Element | None = None
        self.feedback: Element | None = None
        self.damage = ""
        self.feedback_open = False
        self.child_open = False
        raw = self._parser
        raw.buffer_text = True
        raw.StartElementHandler = self._open_element
        raw.EndElementHandler = self._close_element
        raw.CharacterDataHandler = self._builder.data
        raw.ProcessingInstructionHandler = raw.CommentHandler = None

    def resumed(self) -> _GuardedParser:
        """A fresh parser that already stands in the same root."""
        fresh = _GuardedParser(self._most_depth)
        fresh.feed_piece(f"<{self.feedback.tag}>".encode() if self.feedback is not None else b"")
        return fresh

    def feed_piece(self, piece: bytes, *, final: bool = False) -> int | None:
        """Offset in ``piece`` where it stops being well-formed; None while it is. Raises DoctypeForbidden."""
        try:
            self._parser.Parse(piece, final)
        except expat.ExpatError as error:
            self.damage = str(error)
            return max(0, int(self._parser.ErrorByteIndex) - self._fed)
        except DefusedXmlException as error:
            raise DoctypeForbidden from error
        self._fed += len(piece)
        return None

    def feed_whole_child(self, text: bytes) -> int | None:
        """Like ``feed_piece``, for text that begins with a start tag, ends with its end tag and has no other of that name:
        it is balanced or not well-formed, so the builder may be called without counting depths."""
        raw = self._parser
        raw.StartElementHandler, raw.EndElementHandler = self._builder.start, self._builder.end
        damaged_at = self.feed_piece(text)
        raw.StartElementHandler, raw.EndElementHandler = self._open_element, self._close_element
        if damaged_at is not None:
            self._depth += 1  # the child stays open
        return damaged_at

    def finished_children(self) -> list[Element]:
        """Children of the root that are whole, taken off it."""
        if self.feedback is None:
            return []
        whole = len(self.feedback) - (self._depth > self._root_depth)
        finished = self.feedback[:whole]
        del self.feedback[:whole]
        return finished

    @property
    def names(self) -> Collection[str]:
        """Names of elements and attributes that it keeps."""
        return self._interning

    @property
    def at_root(self) -> bool:
        """The root is open and none of its children is."""
        return self._depth == self._root_depth > 0

    def unwind(self) -> None:
        """At the end: which elements are still open."""
        chain: list[Element] = []
        while True:
            try:
                chain.append(self._builder.end(""))
            except IndexError:
                break
        self.feedback_open = any(element is self.feedback for element in chain)
        self.child_open = self.feedback_open and chain[0] is not self.feedback

    def _open_element(self, tag: str, attributes: dict[str, str]) -> None:
        element = self._builder.start(tag, attributes)
        self._depth += 1
        if self._depth > self._most_depth:
            raise TooDeep(f"more than {self._most_depth} elements inside each other")
        if self.feedback is None:
            if self.top is None:
                self.top = element
            if tag.rpartition(":")[2].lower() == "feedback":
                self.feedback = element
                self._root_depth = self._depth

    def _close_element(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)


def _mended(pieces: Iterator[bytes], notes: Notes) -> Iterator[bytes]:
    """Without what stands before the first element, and with bare ampersands made references."""
    first = next(pieces, b"")
    start = xml_start(first)
    if first[:start].strip():
        notes.add("leading_content")
    first = first[start:]
    declaration = _DECLARATION.match(first)
    held = first[declaration.end() :] if declaration else first
    literal = False
    for piece in pieces:
        whole, held, literal = _references(held, literal, notes, final=False)
        yield whole
        held += piece
    yield _references(held, literal, notes, final=True)[0]


def _references(text: bytes, literal: bool, notes: Notes, *, final: bool) -> tuple[bytes, bytes, bool]:
    """Text to read, text to hold back because a reference may be cut, and whether a CDATA section was met: inside
    one an ampersand is right as it is, so nothing is mended from there on."""
    if b"&" not in text:
        return text, b"", literal
    literal = literal or b"<![CDATA[" in text
    held = b""
    cut = text.rfind(b"&", max(0, len(text) - _LONGEST_REFERENCE))
    if not final and cut >= 0 and b";" not in text[cut:]:
        text, held = text[:cut], text[cut:]
    if literal:
        return text, held, literal
    mended, times = _BARE_AMPERSAND.subn(b"&amp;", text)
    if times:
        notes.add("bare_ampersand")
    return mended, held, literal
