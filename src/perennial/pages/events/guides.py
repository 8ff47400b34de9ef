"""How events are sent, for who does it for the first time: one page for each way, with code to copy.

The same code stands in docs/events/; a test keeps both in step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from perennial.pages.events import frame

PLACEHOLDER = "YOUR_WRITE_KEY"
FIRST = "curl"

CURL = """\
curl -u '{key}:' -H 'Content-Type: application/json' '{host}/v1/batch?strict=1' -d '{{
  "batch": [
    {{"type": "group", "messageId": "try-1", "userId": "u-17", "groupId": "acme", "traits": {{"name": "Acme"}}}},
    {{"type": "track", "messageId": "try-2", "userId": "u-17", "event": "Report Opened"}}
  ]
}}'
"""
PYTHON_INSTALL = "pip install segment-analytics-python\n"
PYTHON = """\
import segment.analytics as analytics

analytics.write_key = "{key}"
analytics.host = "{host}"

analytics.group("u-17", "acme", {{"name": "Acme", "website": "acme.example"}})
analytics.identify("u-17", {{"name": "Ann Lee", "email": "ann@acme.example"}})
analytics.track("u-17", "Report Opened", {{"feature": "reports", "value": 2.5}})

analytics.flush()  # before a short script ends; a server sends by itself
"""
NODE_INSTALL = "npm install @segment/analytics-node\n"
NODE = """\
import {{ Analytics }} from "@segment/analytics-node";

const analytics = new Analytics({{ writeKey: "{key}", host: "{host}" }});

analytics.group({{ userId: "u-17", groupId: "acme", traits: {{ name: "Acme", website: "acme.example" }} }});
analytics.identify({{ userId: "u-17", traits: {{ name: "Ann Lee", email: "ann@acme.example" }} }});
analytics.track({{ userId: "u-17", event: "Report Opened", properties: {{ feature: "reports", value: 2.5 }} }});

await analytics.closeAndFlush(); // before a short script ends; a server sends by itself
"""
BROWSER = """\
<script>
const perennial = (() => {{
  const host = "{host}", writeKey = "{key}";
  const id = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  let who = {{ anonymousId: localStorage.perennialId ??= id() }};
  const send = (type, fields) => fetch(`${{host}}/v1/${{type}}`, {{
    method: "POST", keepalive: true, headers: {{ "Content-Type": "application/json" }},
    body: JSON.stringify({{ writeKey, messageId: id(), timestamp: new Date(), sentAt: new Date(), ...who, ...fields }}),
  }}).catch(() => {{}});
  return {{
    identify(userId, traits = {{}}) {{ who = {{ ...who, userId }}; return send("identify", {{ traits }}); }},
    group(groupId, traits = {{}}) {{
      who = {{ ...who, context: {{ groupId }} }};
      return send("group", {{ groupId, traits }});
    }},
    track(event, properties = {{}}) {{ return send("track", {{ event, properties }}); }},
    page(name) {{ return send("page", {{ name }}); }},
  }};
}})();

perennial.group("acme", {{ name: "Acme" }});
perennial.identify("u-17", {{ name: "Ann Lee" }});
perennial.track("Report Opened", {{ feature: "reports" }});
</script>
"""


@dataclass(frozen=True)
class Guide:
    """One way to send: what has to be installed (nothing for some), the code, and what is particular to it."""

    label: str | Promise
    install: str
    code: str
    language: str
    remarks: tuple[str | Promise, ...]


GUIDES: Mapping[str, Guide] = {
    "curl": Guide(
        "curl", "", CURL, "sh",
        (
            _("Nothing has to be installed: try the key with it."),
            _("strict=1 answers what became of each message; without it the answer is only success."),
        ),
    ),
    "python": Guide(
        "Python", PYTHON_INSTALL, PYTHON, "python",
        (
            _("The client sends in the background, in batches, and tries again where the server is away."),
            _("In a web application, set key and host once where it starts."),
        ),
    ),
    "node": Guide(
        "Node.js", NODE_INSTALL, NODE, "js",
        (
            _("The client sends in the background, in batches, and tries again where the server is away."),
            _("Make one Analytics for the whole process, not one for each request."),
        ),
    ),
    "browser": Guide(
        _("Browser"), "", BROWSER, "html",
        (
            _("Put it before the end of the page's body. A write key may stand in a page: it can only send."),
            _("Call group and identify after sign-in; what comes before counts for an anonymous user."),
        ),
    ),
}  # fmt: skip


def written(name: str, *, host: str, key: str) -> str:
    """Return a guide's code with a host and a key."""
    return GUIDES[name].code.format(host=host, key=key)


def host_of(request: HttpRequest) -> str:
    """Return the address at which this server takes events."""
    return f"{request.scheme}://{request.get_host()}"


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show one guide, with this server's own address."""
    name = request.GET.get("for", FIRST)
    guide = GUIDES.get(name)
    if guide is None:
        raise Http404
    host = host_of(request)
    context = {
        "guide": guide,
        "guides": [(f"?for={key}", one.label, key == name) for key, one in GUIDES.items()],
        "host": host,
        "code": written(name, host=host, key=PLACEHOLDER),
        "placeholder": PLACEHOLDER,
    }
    return frame.shown(request, "guides", context, here="settings_events_guides")
