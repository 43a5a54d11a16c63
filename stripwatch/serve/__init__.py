"""The service: intakes, drain, incident evaluation, dashboard and control socket in one process."""
