"""What the library raises, as our errors."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, LoginError

from collector.errors import BoxError


@contextmanager
def translated(refusal: str) -> Iterator[None]:
    """Raise BoxError for everything the library raises; ``refusal`` is the reason when the server itself says no."""
    try:
        yield
    except LoginError as error:
        raise BoxError("login_failed", str(error), patient=True) from error
    except ssl.SSLError as error:
        raise BoxError("tls_failed", str(error)) from error
    except TimeoutError as error:
        raise BoxError("server_silent", str(error)) from error
    except (IMAPClientAbortError, OSError) as error:
        raise BoxError("connection_failed", str(error)) from error
    except CapabilityError as error:
        raise BoxError("capability_missing", str(error)) from error
    except IMAPClientError as error:
        raise BoxError(refusal, str(error)) from error
