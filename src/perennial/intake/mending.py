"""How a rejected message is mended: one change that holds for many, and the verdict on what it makes. Pure."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from perennial.intake.protocol import Envelope, envelope, verdicts
from perennial.intake.terms import ID_LENGTH, TEXT_LENGTH, Kind, Refused

_PATH = re.compile(r"[A-Za-z_$][\w$ -]{0,59}(?:\.[A-Za-z_$][\w$ -]{0,59}){0,4}")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


class Change(StrEnum):
    """What is done to a field."""

    NOTHING = "nothing"
    SET = "set"
    COPY = "copy"
    REPLACE = "replace"
    REMOVE = "remove"
    TIDY = "tidy"


class RuleError(ValueError):
    """A rule that cannot be; `part` names what of it: field, other or value."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


@dataclass(frozen=True)
class Rule:
    """One change for many messages. Fields are named by their path: `userId`, `context.groupId`.

    set: `field` becomes `value` where it is missing or empty. copy: it becomes what stands at `other`, where there is
    something. replace: where it is `other`, it becomes `value`. remove: it goes. tidy: its control characters go and
    it is cut to the limit. nothing: the message as it came, for what was refused by a former version.
    """

    change: Change = Change.NOTHING
    field: str = ""
    other: str = ""
    value: str = ""

    def checked(self) -> Rule:
        """Return the rule.

        :raises RuleError: a path that is none, or a part that the change needs is missing.
        """
        if self.change != Change.NOTHING and not _PATH.fullmatch(self.field):
            raise RuleError("field")
        if self.change == Change.COPY and not _PATH.fullmatch(self.other):
            raise RuleError("other")
        if self.change == Change.REPLACE and not self.other:
            raise RuleError("other")
        if self.change in (Change.SET, Change.REPLACE) and not self.value.strip():
            raise RuleError("value")
        return self

    def applied(self, message: Any) -> Any:
        """Return the message with the change made; the given one stays as it is."""
        if self.change == Change.NOTHING or not isinstance(message, dict):
            return message
        changed = deepcopy(message)
        now = _at(changed, self.field)
        match self.change:
            case Change.SET if now in (None, ""):
                _put(changed, self.field, self.value)
            case Change.COPY if (found := _at(message, self.other)) not in (None, ""):
                _put(changed, self.field, found)
            case Change.REPLACE if now == self.other:
                _put(changed, self.field, self.value)
            case Change.REMOVE:
                _take(changed, self.field)
            case Change.TIDY if isinstance(now, str):
                most = ID_LENGTH if self.field == "messageId" else TEXT_LENGTH
                _put(changed, self.field, _CONTROL.sub("", now)[:most])
        return changed


def _at(message: Any, path: str) -> Any:
    for part in path.split("."):
        message = message.get(part) if isinstance(message, dict) else None
    return message


def _put(message: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for part in above:
        inner = message.get(part)
        if not isinstance(inner, dict):
            inner = message[part] = {}
        message = inner
    message[last] = value


def _take(message: dict[str, Any], path: str) -> None:
    *above, last = path.split(".")
    holder = _at(message, ".".join(above)) if above else message
    if isinstance(holder, dict):
        holder.pop(last, None)


@dataclass(frozen=True)
class Mended:
    """A message that would be taken, as the way in wants it, or why not. Exactly one of the two is there."""

    read: Envelope | None
    refused: Refused | None


def judged(text: str, kind: Kind | None, *, received_at: datetime) -> Mended:
    """Return the verdict on one message given as JSON text, judged at the time when it first came.

    :raises Refusal: the text is no JSON object.
    """
    read = envelope(text.encode("utf-8", "surrogatepass"), is_batch=False)
    _taken, refused = verdicts(read, kind, received_at=received_at)
    return Mended(None, refused[0]) if refused else Mended(read, None)


def object_of(raw: str) -> dict[str, Any] | None:
    """Return a kept message as an object; None where it is none, or where its end was cut."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def written(message: Any) -> str:
    """Return a message as JSON that a person reads: indented, letters as they are where they can be shown."""
    text = json.dumps(message, ensure_ascii=False, indent=2)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(message, indent=2)
    return text
