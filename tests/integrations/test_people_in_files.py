"""Members in files: by mail address or by the name that only one of them has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from tests.integrations.imported import bring_in, quality

from perennial.customers import queries as customers
from perennial.customers.models import Customer
from perennial.engagement.models import Touchpoint
from perennial.members.models import Member

pytestmark = pytest.mark.usefixtures("home", "organisation")
GIVEN = """
source: crm
tables:
  - {file: a.csv, kind: customers, columns: {external_id: id, name: name, owner_email: csm}}
  - {file: t.csv, kind: touchpoints, columns: {customer: id, happened_at: "on", member_email: who, summary: what}}
"""


def test_a_customers_csm_is_known_by_mail_or_by_a_name_that_is_his_alone(
    tmp_path: Path, member: Callable[..., int], now: datetime
) -> None:
    people = {"ann": member("csm"), "first": member("csm"), "second": member("csm")}
    for key, name in (("ann", "李 婷"), ("first", "Bo"), ("second", "bo")):
        Member.objects.filter(id=people[key]).update(name=name)
    mail = Member.objects.get(id=people["first"]).email
    rows = f"A1,Alpha,李 婷\nA2,Beta,{mail.upper()}\nA3,Gamma,Bo\nA4,Delta,Carl\nA5,Eta,\n"
    (tmp_path / "a.csv").write_text("id,name,csm\n" + rows, encoding="utf-8")
    met = "id,on,who,what\nA1,2024-03-01,李 婷,Call\nA2,2024-03-02,Bo,Visit\n"
    (tmp_path / "t.csv").write_text(met, encoding="utf-8")
    found = bring_in([tmp_path / "a.csv", tmp_path / "t.csv"], GIVEN, at=now)
    owners = {Customer.objects.get(id=key).name: owner for key, (owner, _team) in customers.owners().items()}
    assert owners == {"Alpha": people["ann"], "Beta": people["first"]}
    assert quality(found) == {"missing_owner": 1, "unknown_owner": 2}
    assert dict(Touchpoint.objects.values_list("summary", "member_id")) == {"Call": people["ann"], "Visit": None}
