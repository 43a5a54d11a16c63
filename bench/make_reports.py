#!/usr/bin/env python3
"""Make DMARC aggregate reports (one large, many small gzipped) and TLS-RPT reports, deterministically.

make_reports.py DIR [--large 100000] [--small 5000] [--records 10] [--tls 5000] [--seed 1]
"""

import argparse
import gzip
import json
import os
import random

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <version>1.0</version>
  <report_metadata>
    <org_name>reporter{org}.example</org_name>
    <email>noreply-dmarc@reporter{org}.example</email>
    <extra_contact_info>https://reporter{org}.example/dmarc</extra_contact_info>
    <report_id>{id}</report_id>
    <date_range><begin>{begin}</begin><end>{end}</end></date_range>
  </report_metadata>
  <policy_published>
    <domain>mail.example</domain><adkim>r</adkim><aspf>r</aspf><p>quarantine</p><sp>none</sp><pct>100</pct><np>none</np>
  </policy_published>
"""
ROW = """  <record>
    <row>
      <source_ip>{ip}</source_ip>
      <count>{count}</count>
      <policy_evaluated><disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated>
    </row>
    <identifiers><envelope_to>dest{to}.example</envelope_to><envelope_from>bounce.mail.example</envelope_from><header_from>mail.example</header_from></identifiers>
    <auth_results>
      <dkim><domain>mail.example</domain><selector>s{selector}</selector><result>{dkim}</result></dkim>
      <spf><domain>bounce.mail.example</domain><scope>mfrom</scope><result>{spf}</result></spf>
    </auth_results>
  </record>
"""
FAILURES = (
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "sts-policy-fetch-error",
    "sts-webpki-invalid",
)


def aggregate(rng, i, records):
    begin = 1796083200 + i % 30 * 86400
    rows = []
    for _ in range(records):
        good = rng.random() < 0.9
        ip = (
            f"198.{18 + rng.getrandbits(1)}.{rng.getrandbits(8)}.{rng.getrandbits(8)}"
            if rng.random() < 0.8
            else f"2001:db8:{rng.getrandbits(16):x}::{rng.getrandbits(16):x}"
        )
        rows.append(
            ROW.format(
                ip=ip,
                count=1 + int(rng.expovariate(0.05)),
                disposition="none" if good else "quarantine",
                dkim="pass" if good else "fail",
                spf="pass" if good or rng.random() < 0.3 else "fail",
                to=rng.randrange(200),
                selector=rng.randrange(3),
            )
        )
    return (
        HEAD.format(org=i % 40, id=f"{begin}.{i}.{rng.getrandbits(40)}", begin=begin, end=begin + 86399) + "".join(rows) + "</feedback>\n"
    )


def tls(rng, i):
    begin = f"2026-12-{1 + i % 28:02}"
    failures = [
        {
            "result-type": rng.choice(FAILURES),
            "sending-mta-ip": f"198.18.{rng.getrandbits(8)}.{rng.getrandbits(8)}",
            "receiving-mx-hostname": f"mx{rng.randrange(64):03}.mail.example",
            "receiving-ip": f"192.0.2.{rng.randrange(1, 65)}",
            "failed-session-count": 1 + int(rng.expovariate(0.2)),
            "additional-information": "",
            "failure-reason-code": "",
        }
        for _ in range(rng.choice((0, 0, 0, 1, 2, 5)))
    ]
    policy = {
        "policy-type": rng.choice(("sts", "tlsa", "no-policy-found")),
        "policy-domain": "mail.example",
        "policy-string": ["version: STSv1", "mode: enforce", "mx: *.mail.example", "max_age: 604800"],
        "mx-host": ["*.mail.example"],
    }
    return {
        "organization-name": f"Reporter {i % 40}",
        "contact-info": f"smtp-tls@reporter{i % 40}.example",
        "date-range": {"start-datetime": begin + "T00:00:00Z", "end-datetime": begin + "T23:59:59Z"},
        "report-id": f"{begin}T00:00:00Z_mail.example_{i}",
        "policies": [
            {
                "policy": policy,
                "summary": {
                    "total-successful-session-count": int(rng.expovariate(0.001)),
                    "total-failure-session-count": sum(f["failed-session-count"] for f in failures),
                },
                "failure-details": failures,
            }
        ],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dir")
    parser.add_argument("--large", type=int, default=100000, help="records of the large report")
    parser.add_argument("--small", type=int, default=5000)
    parser.add_argument("--records", type=int, default=10, help="records of a small report")
    parser.add_argument("--tls", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    opt = parser.parse_args()
    rng = random.Random(opt.seed)
    os.makedirs(opt.dir, exist_ok=True)
    with open(f"{opt.dir}/large.xml", "w") as f:
        f.write(aggregate(rng, 0, opt.large))
    for i in range(opt.small):
        with open(f"{opt.dir}/small-{i:05}.xml.gz", "wb") as f:
            f.write(gzip.compress(aggregate(rng, i, opt.records).encode(), 6, mtime=0))
    for i in range(opt.tls):
        with open(f"{opt.dir}/tls-{i:05}.json", "w") as f:
            json.dump(tls(rng, i), f)


if __name__ == "__main__":
    main()
