"""What refreshes itself while somebody looks at it: a part asks every now and then with what it has seen, and gets
itself anew only where something else is to be seen. The page holds still while somebody chooses or writes (app.js)."""

from __future__ import annotations

from hashlib import blake2b

from django.http import HttpRequest, HttpResponse


def mark(*shown: object) -> str:
    """Return a mark of what a part shows; the same values give the same mark in every process."""
    return blake2b(repr(shown).encode(), digest_size=8).hexdigest()


def nothing_new(request: HttpRequest, seen: str) -> HttpResponse | None:
    """Return the answer to a part that has seen all there is, None where it asks for itself anew."""
    return HttpResponse(status=204) if request.GET.get("seen") == seen else None
