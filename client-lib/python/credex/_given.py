"""What apps pass in, in the form that the compiled half takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypedDict

from credex.values import Plan, Tallies

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Question(TypedDict):
    """How the person is asked."""

    provider: str | None
    parent_window: str
    activation_token: str | None
    format_versions: list[str] | None
    plan: Plan | None


class Description(TypedDict):
    """What an importing app says about itself."""

    name: str | None
    credential_types: list[str] | None
    format_versions: list[str] | None
    own_name: bool
    limit: int | None
    address: str | None


def types_of(tallies: Tallies) -> dict[str, tuple[int, int, int]]:
    """A number alone is how many succeeded."""
    return {
        name: (tally, 0, 0) if isinstance(tally, int) else tally for name, tally in tallies.items()
    }


def attachments_of(given: Mapping[str, ReadableBuffer] | None) -> dict[str, ReadableBuffer]:
    """None is no attachments."""
    return dict(given or {})


def utf8_of(password: str | ReadableBuffer) -> ReadableBuffer:
    """A password may be text."""
    return password.encode() if isinstance(password, str) else password


def question_of(
    parent_window: str,
    activation_token: str | None,
    provider: str | None,
    format_versions: Iterable[str] | None,
    plan: Plan | None,
) -> Question:
    """How the person is asked."""
    return {
        "parent_window": parent_window,
        "activation_token": activation_token,
        "provider": provider,
        "format_versions": list_of(format_versions),
        "plan": plan,
    }


def description_of(
    name: str | None,
    credential_types: Iterable[str] | None,
    format_versions: Iterable[str] | None,
    own_name: bool,
    limit: int | None,
    address: str | None,
) -> Description:
    """What an importing app says about itself."""
    return {
        "name": name,
        "credential_types": list_of(credential_types),
        "format_versions": list_of(format_versions),
        "own_name": own_name,
        "limit": limit,
        "address": address,
    }


def list_of(words: Iterable[str] | None) -> list[str] | None:
    """A text is no list of its letters."""
    if isinstance(words, str):
        raise TypeError(f"a list of texts is due here, not the text {words!r}")
    return None if words is None else list(words)
