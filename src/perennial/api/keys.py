"""Who calls: the key's member, with no more rights than he has, within the key's scope."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja.errors import HttpError
from ninja.security import HttpBearer

from perennial.members import access, actions, queries
from perennial.members.models import KeyScope, Member

READING = frozenset({KeyScope.read, KeyScope.write})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class BearerKey(HttpBearer):
    """Reads `Authorization: Bearer KEY`. A read key reads; a write key reads and writes; an intake key does neither."""

    def authenticate(self, request: HttpRequest, token: str) -> Member | None:
        key = queries.key_holder(token)
        if key is None:
            return None
        if key.scope not in (READING if request.method in SAFE else {KeyScope.write}):
            raise HttpError(403, f"This key's scope is {key.scope}; the call needs another one.")
        actions.note_use(key, at=timezone.now())
        return key.member


def caller(request: HttpRequest, ability: str) -> Member:
    """Return the calling member where he has the ability at all; else the call finds nothing.

    :raises Http404: the member lacks the ability.
    """
    member: Member = request.auth  # type: ignore[attr-defined]  # ninja sets it after authenticate
    if not access.may(member, ability):
        raise Http404
    return member
