"""What POP3 and IMAP have in common: a dialogue before login, and what it shows. Each protocol pairs its own."""
