"""What the tests of imports share: uploading, the mapping's form, and the worker's turn."""

from __future__ import annotations

import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from perennial.jobs import worker
from perennial.kernel.queue import actions as queue
from perennial.members.models import Member

CUSTOMERS = "customer_id,name,industry,signup_date\nC1,Acme,Steel,2024-01-31\nC2,Beta,Trade,2024-02-29\n"
LINES = (
    "line_id,customer_id,mrr,start_date,end_date\n"
    "L1,C1,100.00,2024-02-01,2025-02-01\nL2,C2,abc,2024-02-01,\nL3,C9,10.00,2024-02-01,\nL4,C2,50.00,2024-03-01,\n"
    "L5,C2,60.00,2024-04-01,\nL6,C2,70.00,2024-05-01,\n"
)
FILES: dict[str, str | bytes] = {"customers.csv": CUSTOMERS, "subscriptions.csv": LINES}


def signed_in(client: Client, member_id: int) -> Client:
    client.force_login(Member.objects.get(id=member_id))
    return client


def upload(client: Client, files: dict[str, str | bytes], to: str = "/import") -> int:
    """Upload files by name; return the import's id from the address to which one is led."""
    given = [
        SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
        for name, content in files.items()
    ]
    answer = client.post(to, {"files": given})
    assert answer.status_code == 302
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def work() -> None:
    """Do every job that waits, as the worker would."""
    while claimed := queue.claim(at=worker.now(), kinds=["import.look", "import.check", "import.publish"]):
        worker.perform(claimed)


def taken_in(client: Client, files: dict[str, str | bytes]) -> int:
    """Upload files and have them looked at."""
    import_id = upload(client, files)
    work()
    return import_id


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.headers
    return answer.content.decode()


def form_of(page: str) -> dict[str, str]:
    """Return what a browser would send of the mapping's form without a click."""
    form = page[page.index('id="mapping"') : page.index("</form>", page.index('id="mapping"'))]
    fields = dict(re.findall(r'<input type="hidden" name="(t[^"]+)" value="([^"]*)"', form))
    fields |= dict(re.findall(r'name="(t\d-file|source)" value="([^"]*)"', form))
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', inner) or re.search(r'<option value="([^"]*)"', inner)
        assert chosen
        fields[name] = chosen[1]
    return fields


def check(client: Client, import_id: int) -> str:
    """Send the mapping as proposed and have it checked; return the page of the check."""
    answer = client.post(
        f"/import/{import_id}/mapping", form_of(text(client, f"/import/{import_id}/mapping")) | {"check": "1"}
    )
    assert answer.headers["Location"] == f"/import/{import_id}/check"
    work()
    return text(client, f"/import/{import_id}/check")


def publish(client: Client, import_id: int) -> str:
    assert client.post(f"/import/{import_id}/publish").status_code == 302
    work()
    return text(client, f"/import/{import_id}/publish")
