"""Sessions that say what others said before, word for word but for names, addresses, times and the wording of consent.

Nearly all sessions go EHLO, STARTTLS, TLS, or EHLO, MAIL, RCPT, DATA, QUIT. Of these the ``smtp`` object of JSON differs
only in a few places (``said``: which). So one of each form is observed and judged as every other session is, with marks
in the places (``learnt``), and any further one is this text with its places filled in (``form``).
"""
