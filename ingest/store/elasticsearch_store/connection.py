"""The official client, and every way in which a request can fail as one of our errors.

The client asks for the API of its own release, 9, which a server of release 8 refuses; release 9 answers in the API of 8
as well (Elasticsearch's "REST API compatibility"). So what is refused once is asked in that, from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from elastic_transport import ApiError, Transport, TransportApiResponse, TransportError
from elasticsearch import Elasticsearch, OrjsonSerializer
from elasticsearch.exceptions import UnsupportedProductError

from ingest.store.elasticsearch_store.settings import ElasticsearchSettings
from ingest.store.errors import StoreUnavailable

RIGHTS_HINT = "an operator must act: check the API key or user and its rights on the indices"


def connect(settings: ElasticsearchSettings) -> Elasticsearch:
    """A client; no request is made yet. Raises ValueError for settings that cannot be used."""
    options: dict[str, Any] = {}
    if settings.api_key is not None:
        options["api_key"] = settings.api_key
    elif settings.username is not None:
        options["basic_auth"] = (settings.username, settings.password or "")
    if settings.ca_file is not None:
        options["ca_certs"] = str(settings.ca_file)
    return Elasticsearch(
        list(settings.hosts),
        request_timeout=settings.request_timeout,
        # Only another node is tried, and only when one does not answer: what comes next is the drain's to decide.
        max_retries=len(settings.hosts) - 1,
        retry_on_status=(),
        serializer=OrjsonSerializer(),
        transport_class=_EitherRelease,
        **options,
    )


class _EitherRelease(Transport):
    """Requests to servers of release 9 or 8."""

    _knows_8_only = False
    """A server of the cluster does."""

    def perform_request(self, method: str, target: str, *, headers: Any, **options: Any) -> TransportApiResponse:  # type: ignore[override]
        """As the base has it, once more where the first answer says that the release asked for is too new."""
        if not self._knows_8_only:
            answer = super().perform_request(method, target, headers=headers, **options)
            if answer.meta.status != 400 or not error_reason(answer.body).startswith("media_type_header_exception"):
                return answer
            self._knows_8_only = True
        return super().perform_request(method, target, headers=_for_8(headers), **options)


def _for_8(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value.replace("compatible-with=9", "compatible-with=8") for name, value in headers.items()}


@contextmanager
def answering(hosts: Sequence[str]) -> Iterator[None]:
    """Everything that goes wrong inside is StoreUnavailable, with the hosts' names where none answers: what the store says no
    to for good is decided elsewhere."""
    try:
        yield
    except ApiError as error:
        raise StoreUnavailable(refusal(error)) from error
    except (TransportError, UnsupportedProductError) as error:
        raise StoreUnavailable(
            f"Elasticsearch at {', '.join(map(_named, hosts))} does not answer: {type(error).__name__}: {error}"
        ) from error


def _named(host: str) -> str:
    """A host's URL without the credentials that it may hold."""
    parts = urlsplit(host)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def refusal(error: ApiError) -> str:
    """One line for an answer that is an error."""
    status = error.meta.status
    said = f"Elasticsearch answered {status}: {error_reason(error.body)}"
    if status in (401, 403):
        return f"{said}; {RIGHTS_HINT}"
    return said


def error_reason(body: Any) -> str:
    """``type: reason`` of an error body, whatever sent it."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        return f"{error.get('type', 'error')}: {str(error.get('reason', ''))[:500]}"
    return str(error)[:500]
