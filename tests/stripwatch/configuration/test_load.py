from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripwatch.configuration import ConfigurationError, configuration_from, load, variables
from stripwatch.configuration.load import sections, setting_names


def test_defaults_need_no_file() -> None:
    configuration = load("", {})
    assert configuration.store == "duckdb"
    assert configuration.reports.counted == ("verified", "posted", "imported")


def test_the_environment_lies_over_the_file() -> None:
    text = '[smtp]\nport = 2525\nhostname = "mx.example.org"\n[networks]\nours = ["192.0.2.0/24"]'
    environ = {
        "STRIPWATCH_SMTP_PORT": "26",
        "STRIPWATCH_SMTP_RECIPIENTS": "a@example.org, example.net",
        "STRIPWATCH_STORE": "elasticsearch",
        "STRIPWATCH_ELASTICSEARCH_URL": "http://127.0.0.1:1,http://127.0.0.1:2",
        "STRIPWATCH_HTTPS_TOKENS": '[["gw1", "0123456789abcdef"]]',
        "STRIPWATCH_REPORTS_TENANTS": '{"example.org": "a"}',
        "STRIPWATCH_SERVE_SMTP": "false",
        "STRIPWATCH_DATA_FOLDER": "/var/lib/x",
        "HOME": "/home/somebody",
    }
    configuration = load(text, environ)
    assert configuration.smtp.port == 26
    assert configuration.smtp.hostname == "mx.example.org"
    assert configuration.smtp.recipients == ("a@example.org", "example.net")
    assert configuration.store == "elasticsearch"
    assert configuration.elasticsearch.hosts == ("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert configuration.https.tokens == (("gw1", "0123456789abcdef"),)
    assert configuration.reports.tenants == {"example.org": "a"}
    assert configuration.serve.smtp is False
    assert configuration.data.folder == Path("/var/lib/x")
    assert configuration.networks.ours == ("192.0.2.0/24",)


@pytest.mark.parametrize(
    ("text", "environ", "complaint"),
    [
        ("[smpt]\nport = 1", {}, "there is no section [smpt]; did you mean smtp?"),
        ("[smtp]\nprt = 1", {}, "[smtp] has no setting prt; did you mean port?"),
        ('[smtp]\nport = "x"', {}, "[smtp] port: Expected `int`"),
        ("smtp = 1", {}, "[smtp] is a section"),
        ("[smtp", {}, "declaration"),
        ('store = "oracle"', {}, "store: Invalid enum value 'oracle'; it is one of duckdb, elasticsearch"),
        ("", {"STRIPWATCH_SNIFF_PROTOCOLS": "smtp,ftp"}, "[sniff] protocols[1]: Invalid enum value 'ftp'; it is one of smtp, pop3, imap"),
        ('[networks]\nours = ["300.0.0.0/8"]', {}, "300.0.0.0/8"),
        ("", {"STRIPWATCH_SMPT_PORT": "1"}, "did you mean STRIPWATCH_SMTP_PORT?"),
        ("", {"STRIPWATCH_SMTP_PORT": "many"}, "[smtp] port"),
        ("", {"STRIPWATCH_HTTPS_TOKENS": "[["}, "STRIPWATCH_HTTPS_TOKENS: JSON is wanted"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, environ: dict[str, str], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(text, environ)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_no_text_is_more_than_a_configuration_error(text: str) -> None:
    try:
        load(text, {})
    except ConfigurationError:
        pass


def test_every_setting_has_a_variable_of_its_own() -> None:
    known = variables()
    for section, kind in sections().items():
        for setting in setting_names(kind):
            assert known[f"STRIPWATCH_{section}_{setting}".upper()] == (section, setting)
    assert len(set(known)) == len(known)


def test_a_named_file_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.toml"):
        configuration_from(tmp_path / "missing.toml", {})
    file = tmp_path / "there.toml"
    file.write_text("[smtp]\nport = 99\n")
    assert configuration_from(None, {"STRIPWATCH_CONFIG": str(file)}).smtp.port == 99
    assert configuration_from(file, {"STRIPWATCH_CONFIG": "/nowhere"}).smtp.port == 99


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[smtp]\nport = 70000", "[smtp] port: 70000 is no port"),
        ("[serve]\ndashboard_port = -1", "[serve] dashboard_port: -1 is no port"),
        ("[sniff]\nsmtp_ports = [25, 99999]", "[sniff] smtp_ports: 99999"),
        ("[serve]\nstop_seconds = -3", "[serve] stop_seconds: -3.0 is out of range"),
        ("[smtp]\nsession_seconds = nan", "[smtp] session_seconds: nan"),
        ("[smtp]\nsession_seconds = inf", "[smtp] session_seconds: inf"),
        ('[serve]\ndashboard_host = "0.0.0.0"', "outside loopback it needs [dashboard] password"),
    ],
)
def test_what_no_part_could_work_with_is_refused(text: str, named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(text, {})
    assert named in str(refused.value)


def test_a_dashboard_for_others_has_a_password() -> None:
    text = '[serve]\ndashboard_host = "::"\n[dashboard]\npassword = "x"'
    assert load(text, {}).serve.dashboard_host == "::"
    assert load('[serve]\ndashboard_host = "::"\ndashboard = false', {}).serve.dashboard is False
