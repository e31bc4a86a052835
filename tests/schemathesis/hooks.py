"""Keeps the account and the session of the run alive, and gives some operations what they need to succeed."""

import os
from itertools import count

import requests
import schemathesis

SERVER = os.environ["NOTES_URL"]
PASSWORD = os.environ["NOTES_PASSWORD"]
OWN = f"Bearer {os.environ['NOTES_TOKEN']}"
OWN_SESSION = os.environ["NOTES_SESSION"]

# They change or end the account that calls them: each success has an account of its own.
ENDING = {"deleteMe", "changePassword", "updateMe"}

# They need a note in the trash, which chance alone seldom gives them.
OF_THE_TRASH = {"restoreNote", "eraseNote"}

numbers = count(1)
spare: list[str] = []


def address() -> str:
    """Another one for each request: wrong passwords count by address, and after five even right ones get 429."""
    number = next(numbers)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def new_account() -> str:
    """Registers and logs in; returns the value of Authorization."""
    email = f"spare-{next(numbers)}@example.com"
    headers = {"X-Forwarded-For": address()}
    account = {"email": email, "password": PASSWORD}
    requests.post(f"{SERVER}/auth/register", json=account, headers=headers, timeout=20).raise_for_status()
    login = {"username": email, "password": PASSWORD}
    token = requests.post(f"{SERVER}/auth/token", data=login, headers=headers, timeout=20)
    token.raise_for_status()
    return f"Bearer {token.json()['access_token']}"


def trashed_note() -> str:
    """Creates a note of the run's own account, deletes it, and returns its id."""
    headers = {"Authorization": OWN, "X-Forwarded-For": address()}
    note = requests.post(f"{SERVER}/notes", json={"title": "For the trash"}, headers=headers, timeout=20)
    note.raise_for_status()
    note_id = note.json()["id"]
    requests.delete(f"{SERVER}/notes/{note_id}", headers=headers, timeout=20).raise_for_status()
    return note_id


def is_valid_in(case: schemathesis.Case, phase: str) -> bool:
    """Whether the request is a valid one of this phase."""
    meta = case.meta
    return meta is not None and meta.phase.name.value == phase and meta.generation.mode.is_positive


def give_password(case: schemathesis.Case) -> None:
    """Chance never finds the password, and 100 wrong ones block the account. Half of those tried alone stay wrong."""
    in_sequence = is_valid_in(case, "stateful")
    if in_sequence or (is_valid_in(case, "fuzzing") and next(numbers) % 2):
        if isinstance(case.body, dict) and "current_password" in case.body:
            case.body["current_password"] = PASSWORD


def operation_id(case: schemathesis.Case) -> str:
    return case.operation.definition.raw.get("operationId", "")


@schemathesis.auth(refresh_interval=None, retry_on=[])
class Own:
    """Set here and not by an option of the command, whose headers a hook cannot change."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
        return OWN

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = data


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict) -> None:
    case.headers["X-Forwarded-For"] = address()
    if case.headers.get("Authorization") != OWN:
        return
    ends = operation_id(case) == "revokeSession" and case.path_parameters.get("session_id") == OWN_SESSION
    if ends or operation_id(case) in ENDING:
        if not spare:
            spare.append(new_account())
        case.headers["Authorization"] = spare[0]
    give_password(case)
    if is_valid_in(case, "stateful") and case.headers.get("Idempotency-Key"):
        # A key that is used again would get the reply of the first request, whose note may be gone by now.
        case.headers["Idempotency-Key"] = f"key-{next(numbers)}"
    if operation_id(case) in OF_THE_TRASH and is_valid_in(case, "fuzzing") and next(numbers) % 2:
        case.path_parameters["note_id"] = trashed_note()


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    if operation_id(case) in ENDING and response.status_code < 300:
        spare.clear()
