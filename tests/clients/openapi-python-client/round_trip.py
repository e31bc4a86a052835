"""A stranger's program: everything a client of notes needs, through the generated package only."""

import re
import sys
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from notes_client import AuthenticatedClient, Client
from notes_client.api.auth import create_token, register_user
from notes_client.api.notes import create_note, delete_note, edit_note, get_note, list_notes, patch_note
from notes_client.models import (
    AppendEdit,
    AppendEditOp,
    EditedNote,
    Note,
    NoteChangedProblem,
    NoteCreate,
    NoteEdits,
    NoteOrder,
    NotePatch,
    PasswordGrant,
    Problem,
    Token,
    User,
    UserCreate,
    ValidationProblem,
)
from notes_client.types import UNSET, Response, Unset

Documented = TypeVar("Documented")
T = TypeVar("T")


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise SystemExit(f"round trip failed: {what}")


def answer(response: Response[Documented], status: HTTPStatus, kind: type[T]) -> T:
    """The body as the model that the contract has for this status, and none of the others."""
    expect(response.status_code == status, f"{response.status_code} instead of {status}: {response.content!r}")
    if not isinstance(response.parsed, kind):
        raise SystemExit(f"round trip failed: {status} was read as {type(response.parsed).__name__}, not {kind.__name__}")
    return response.parsed


def log_in(client: Client) -> Token:
    email, password = f"python-{uuid4()}@example.com", "correct horse battery staple"
    registered = register_user.sync_detailed(client=client, body=UserCreate(email=email, password=password))
    user = answer(registered, HTTPStatus.CREATED, User)
    expect(user.email == email and user.is_active, "the account is not the one registered")
    token = create_token.sync_detailed(client=client, body=PasswordGrant(username=email, password=password))
    return answer(token, HTTPStatus.OK, Token)


def create(client: AuthenticatedClient, count: int) -> list[Note]:
    notes: list[Note] = []
    for number in range(count):
        body = NoteCreate(title=f"Note {number}", content=f"Text {number}", tags=["client"])
        notes.append(answer(create_note.sync_detailed(client=client, body=body), HTTPStatus.CREATED, Note))
        expect(notes[-1].title == body.title and notes[-1].tags == ["client"] and notes[-1].version == 1, "not the note created")
    return notes


def next_cursor(link: str | None) -> str | None:
    address = re.search(r'<([^>]*)>; rel="next"', link or "")
    return None if address is None else parse_qs(urlsplit(address[1]).query)["cursor"][0]


def list_all(client: AuthenticatedClient, limit: int, sort: NoteOrder) -> tuple[list[UUID], int]:
    seen: list[UUID] = []
    pages = 0
    cursor: str | Unset = UNSET
    while True:
        page = list_notes.sync_detailed(client=client, limit=limit, sort=sort, cursor=cursor)
        if page.status_code != HTTPStatus.OK or not isinstance(page.parsed, list):
            raise SystemExit(f"round trip failed: a page answered {page.status_code}: {page.content!r}")
        expect(len(page.parsed) <= limit, "a page is longer than its limit")
        seen += [note.id for note in page.parsed]
        pages += 1
        following = next_cursor(page.headers.get("link"))
        if following is None:
            return seen, pages
        cursor = following


def change(client: AuthenticatedClient, note: Note) -> None:
    read = get_note.sync_detailed(note.id, client=client)
    answer(read, HTTPStatus.OK, Note)
    tag = read.headers["etag"]
    patch = NotePatch(title="Renamed")
    patched = patch_note.sync_detailed(note.id, client=client, body=patch, if_match=tag)
    renamed = answer(patched, HTTPStatus.OK, Note)
    expect(renamed.title == "Renamed" and renamed.version == note.version + 1, "the patch did not make the next version")
    expect(patched.headers["etag"] != tag, "the entity tag did not change")

    stale = patch_note.sync_detailed(note.id, client=client, body=NotePatch(title="Again"), if_match=tag)
    changed = answer(stale, HTTPStatus.PRECONDITION_FAILED, NoteChangedProblem)
    expect(changed.current.version == renamed.version, "412 does not hold the note as it is now")
    expect(not isinstance(changed.base, Unset) and changed.base.title == note.title, "412 does not hold the version read")

    append = NoteEdits(edits=[AppendEdit(op=AppendEditOp.APPEND, text="More")])
    edited = answer(edit_note.sync_detailed(note.id, client=client, body=append), HTTPStatus.OK, EditedNote)
    expect(edited.note.content == f"{note.content}\nMore", "the edit did not append")


def be_refused(client: AuthenticatedClient) -> None:
    refused = create_note.sync_detailed(client=client, body=NoteCreate(title="", content="Text"))
    invalid = answer(refused, HTTPStatus.UNPROCESSABLE_ENTITY, ValidationProblem)
    found = [(error.pointer, error.type_) for error in invalid.errors]
    expect(("/title", "string_too_short") in found, f"422 lists {found}")


def delete(client: AuthenticatedClient, note: Note) -> None:
    deleted = delete_note.sync_detailed(note.id, client=client)
    expect(deleted.status_code == HTTPStatus.NO_CONTENT, f"deleting answered {deleted.status_code}")
    gone = answer(get_note.sync_detailed(note.id, client=client), HTTPStatus.NOT_FOUND, Problem)
    expect(gone.type_ == "/problems/not-found" and gone.status == 404, "404 is another problem")


def main(server: str) -> None:
    token = log_in(Client(base_url=server))
    client = AuthenticatedClient(base_url=server, token=token.access_token)
    notes = create(client, 5)
    seen, pages = list_all(client, limit=2, sort=NoteOrder.TITLE_DESCENDING)
    expect(seen == [note.id for note in reversed(notes)], "the pages do not hold every note once, from the last title to the first")
    expect(pages == 3, f"5 notes came in {pages} pages of 2")
    change(client, notes[0])
    be_refused(client)
    delete(client, notes[1])
    print(f"round trip ok: {len(notes)} notes in {pages} pages, 412 with the current version, 422 with its fields, 404 after 204")


main(sys.argv[1])
