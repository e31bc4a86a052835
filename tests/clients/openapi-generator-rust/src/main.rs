//! A stranger's program: everything a client of notes needs, through the generated crate only.
#![deny(warnings)]
#![forbid(unsafe_code)]

mod headers;

use std::fmt::Debug;

use headers::LastHeaders;
use http::StatusCode;
use notes_client::apis::auth_api::{CreateTokenParams, RegisterUserParams, create_token, register_user};
use notes_client::apis::configuration::Configuration;
use notes_client::apis::notes_api::{self, ListNotesParams, PatchNoteParams};
use notes_client::apis::{Error, ResponseContent};
use notes_client::models::{
    AppendEdit, FieldError, Note, NoteChangedProblem, NoteCreate, NoteEdit, NoteEdits, NoteOrder, NotePatch, Problem, Token,
    UserCreate, ValidationProblem, append_edit, token,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

type Outcome<T> = Result<T, String>;

struct Traveller {
    api: Configuration,
    headers: LastHeaders,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let server = std::env::args().nth(1).ok_or("round trip needs the address of a server")?;
    let headers = LastHeaders::default();
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(headers.clone()).build();
    let mut traveller = Traveller { api: Configuration { base_path: server, client, ..Configuration::default() }, headers };
    traveller.api.oauth_access_token = Some(traveller.log_in().await?.access_token);
    let notes = traveller.create(5).await?;
    let (count, pages) = (notes.len(), traveller.list_all(2, &notes).await?);
    traveller.change(&notes[0]).await?;
    traveller.be_refused().await?;
    traveller.delete(&notes[1]).await?;
    println!("round trip ok: {count} notes in {pages} pages, 412 with the current version, 422 with its fields, 404 after 204");
    Ok(())
}

impl Traveller {
    async fn log_in(&self) -> Outcome<Token> {
        let (email, password) = (format!("rust-{}@example.com", Uuid::new_v4()), "correct horse battery staple");
        let account = RegisterUserParams { user_create: UserCreate::new(email.clone(), password.to_owned()) };
        let user = answer(register_user(&self.api, account).await)?;
        expect(user.email == email && user.is_active, "the account is not the one registered")?;
        let token = answer(create_token(&self.api, grant(email, password)).await)?;
        expect(token.token_type == token::TokenType::Bearer, "the token is no bearer token")?;
        Ok(token)
    }

    async fn create(&self, count: usize) -> Outcome<Vec<Note>> {
        let mut notes = Vec::new();
        for number in 0..count {
            let title = format!("Note {number}");
            let tags = Some(vec!["client".to_owned()]);
            let content = Some("Text".to_owned());
            let body = NoteCreate { content, tags: tags.clone(), ..NoteCreate::new(title.clone()) };
            let note = answer(notes_api::create_note(&self.api, create(body)).await)?;
            expect(note.title == title && Some(&note.tags) == tags.as_ref() && note.version == 1, "not the note created")?;
            notes.push(note);
        }
        Ok(notes)
    }

    async fn list_all(&self, limit: i32, notes: &[Note]) -> Outcome<usize> {
        let mut seen = Vec::new();
        let mut cursor = None;
        let mut pages = 0;
        loop {
            let page = answer(notes_api::list_notes(&self.api, page_of(limit, cursor)).await)?;
            expect(i32::try_from(page.len()).is_ok_and(|length| length <= limit), "a page is longer than its limit")?;
            seen.extend(page.into_iter().map(|note| note.id));
            pages += 1;
            cursor = self.headers.next_cursor();
            if cursor.is_none() {
                break;
            }
        }
        let expected: Vec<Uuid> = notes.iter().rev().map(|note| note.id).collect();
        expect(seen == expected, "the pages do not hold every note once, from the last title to the first")?;
        expect(pages == 3, "5 notes did not come in 3 pages of 2")?;
        Ok(pages)
    }

    async fn change(&self, note: &Note) -> Outcome<()> {
        let id = note.id.to_string();
        answer(notes_api::get_note(&self.api, get(note)).await)?;
        let tag = self.headers.get("etag").ok_or("a note has no entity tag")?;
        let patch = NotePatch { title: Some("Renamed".to_owned()), ..NotePatch::new() };
        let params = PatchNoteParams { note_id: id.clone(), note_patch: patch, if_match: Some(tag.clone()), on_conflict: None };
        let renamed = answer(notes_api::patch_note(&self.api, params.clone()).await)?;
        expect(renamed.title == "Renamed" && renamed.version == note.version + 1, "the patch did not make the next version")?;
        expect(self.headers.get("etag").is_some_and(|now| now != tag), "the entity tag did not change")?;

        let stale = notes_api::patch_note(&self.api, params).await;
        let changed: NoteChangedProblem = problem(StatusCode::PRECONDITION_FAILED, stale)?;
        expect(changed.current.version == renamed.version, "412 does not hold the note as it is now")?;
        expect(changed.base.is_some_and(|base| base.title == note.title), "412 does not hold the version read")?;

        let append = AppendEdit::new(append_edit::Op::Append, "More".to_owned());
        let note_edits = NoteEdits::new(vec![NoteEdit::AppendEdit(append)]);
        let edit = notes_api::EditNoteParams { note_id: id, note_edits, if_match: None, idempotency_key: None };
        let edited = answer(notes_api::edit_note(&self.api, edit).await)?;
        expect(edited.note.content == format!("{}\nMore", note.content), "the edit did not append")
    }

    async fn be_refused(&self) -> Outcome<()> {
        let empty = create(NoteCreate::new(String::new()));
        let invalid: ValidationProblem =
            problem(StatusCode::UNPROCESSABLE_ENTITY, notes_api::create_note(&self.api, empty).await)?;
        let is_the_title = |error: &FieldError| error.pointer == "/title" && error.r#type == "string_too_short";
        expect(invalid.errors.iter().any(is_the_title), "422 does not list the title")
    }

    async fn delete(&self, note: &Note) -> Outcome<()> {
        let params = notes_api::DeleteNoteParams { note_id: note.id.to_string(), if_match: None };
        answer(notes_api::delete_note(&self.api, params).await)?;
        let gone: Problem = problem(StatusCode::NOT_FOUND, notes_api::get_note(&self.api, get(note)).await)?;
        expect(gone.r#type == "/problems/not-found" && gone.status == 404, "404 is another problem")
    }
}

fn grant(username: String, password: &str) -> CreateTokenParams {
    CreateTokenParams {
        grant_type: None,
        username: Some(username),
        password: Some(password.to_owned()),
        scope: None,
        client_id: None,
        client_secret: None,
        refresh_token: None,
    }
}

fn create(note_create: NoteCreate) -> notes_api::CreateNoteParams {
    notes_api::CreateNoteParams { note_create, idempotency_key: None }
}

fn get(note: &Note) -> notes_api::GetNoteParams {
    notes_api::GetNoteParams { note_id: note.id.to_string(), if_none_match: None }
}

fn page_of(limit: i32, cursor: Option<String>) -> ListNotesParams {
    ListNotesParams {
        tag: None,
        is_public: None,
        is_pinned: None,
        is_archived: None,
        updated_since: None,
        sort: Some(NoteOrder::TitleDescending),
        limit: Some(limit),
        cursor,
        skip: None,
        count: None,
    }
}

fn answer<T, E: Debug>(result: Result<T, Error<E>>) -> Outcome<T> {
    result.map_err(|error| format!("refused: {error:?}"))
}

/// The generated enum of errors tries its models one after the other and takes the first that fits, which is `Problem` for
/// all of them, so the model that belongs to the status is read from the text of the reply.
fn problem<P: DeserializeOwned, T, E: Debug>(expected: StatusCode, result: Result<T, Error<E>>) -> Outcome<P> {
    match result {
        Err(Error::ResponseError(ResponseContent { status, content, .. })) if status == expected => {
            serde_json::from_str(&content).map_err(|error| format!("{content}: {error}"))
        }
        Err(error) => Err(format!("not {expected}: {error:?}")),
        Ok(_) => Err(format!("not refused with {expected}")),
    }
}

fn expect(condition: bool, what: &str) -> Outcome<()> {
    if condition { Ok(()) } else { Err(format!("round trip failed: {what}")) }
}
