// A stranger's program: everything a client of notes needs, through the generated package only.
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/oapi-codegen/runtime/types"

	"roundtrip/client"
)

type traveller struct {
	context.Context
	*client.ClientWithResponses
}

func main() {
	if err := travel(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "round trip failed:", err)
		os.Exit(1)
	}
}

func travel(server string) error {
	ctx := context.Background()
	stranger, err := client.NewClientWithResponses(server)
	if err != nil {
		return err
	}
	token, err := traveller{ctx, stranger}.logIn()
	if err != nil {
		return err
	}
	known, err := client.NewClientWithResponses(server, client.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token.AccessToken)
		return nil
	}))
	if err != nil {
		return err
	}
	t := traveller{ctx, known}
	notes, err := t.create(5)
	if err != nil {
		return err
	}
	pages, err := t.listAll(2, notes)
	if err != nil {
		return err
	}
	if err := t.change(notes[0]); err != nil {
		return err
	}
	if err := t.beRefused(); err != nil {
		return err
	}
	if err := t.delete(notes[1]); err != nil {
		return err
	}
	fmt.Printf("round trip ok: %d notes in %d pages, 412 with the current version, 422 with its fields, 404 after 204\n", len(notes), pages)
	return nil
}

func (t traveller) logIn() (*client.Token, error) {
	email, password := "go-"+uuid.NewString()+"@example.com", "correct horse battery staple"
	registered, err := t.RegisterUserWithResponse(t, client.UserCreate{Email: types.Email(email), Password: password})
	if err != nil {
		return nil, err
	}
	if user := registered.JSON201; user == nil || string(user.Email) != email || !user.IsActive {
		return nil, unexpected("registering", registered.HTTPResponse, registered.Body)
	}
	// A form that is one of two schemas is sent empty by runtime.MarshalForm, so it is written by hand here.
	form := url.Values{"grant_type": {string(client.PasswordGrantGrantTypePassword)}, "username": {email}, "password": {password}}
	answer, err := t.CreateTokenWithBodyWithResponse(t, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if answer.JSON200 == nil || answer.JSON200.TokenType != client.TokenTokenTypeBearer {
		return nil, unexpected("logging in", answer.HTTPResponse, answer.Body)
	}
	return answer.JSON200, nil
}

func (t traveller) create(count int) ([]client.Note, error) {
	var notes []client.Note
	for number := range count {
		body := client.NoteCreate{Title: fmt.Sprintf("Note %d", number), Content: "Text", Tags: &[]client.Tag{"client"}}
		created, err := t.CreateNoteWithResponse(t, nil, body)
		if err != nil {
			return nil, err
		}
		note := created.JSON201
		if note == nil || note.Title != body.Title || !slices.Equal(note.Tags, *body.Tags) || note.Version != 1 {
			return nil, unexpected("creating a note", created.HTTPResponse, created.Body)
		}
		notes = append(notes, *note)
	}
	return notes, nil
}

var next = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// listAll follows Link until there is none, and compares what it saw with what there must be.
func (t traveller) listAll(limit client.Limit, notes []client.Note) (pages int, err error) {
	var seen []client.Id
	order := client.NoteOrderTitleDescending
	params := client.ListNotesParams{Limit: &limit, Sort: &order}
	for {
		page, err := t.ListNotesWithResponse(t, &params)
		if err != nil {
			return 0, err
		}
		if page.JSON200 == nil || len(*page.JSON200) > int(limit) {
			return 0, unexpected("listing notes", page.HTTPResponse, page.Body)
		}
		pages++
		for _, note := range *page.JSON200 {
			seen = append(seen, note.Id)
		}
		link := next.FindStringSubmatch(page.HTTPResponse.Header.Get("Link"))
		if link == nil {
			break
		}
		address, err := url.Parse(link[1])
		if err != nil {
			return 0, err
		}
		cursor := address.Query().Get("cursor")
		params.Cursor = &cursor
	}
	slices.Reverse(seen)
	if !slices.EqualFunc(seen, notes, func(id client.Id, note client.Note) bool { return id == note.Id }) || pages != 3 {
		return 0, fmt.Errorf("%d notes, from the last title to the first, came as %v in %d pages", len(notes), seen, pages)
	}
	return pages, nil
}

func (t traveller) change(note client.Note) error {
	read, err := t.GetNoteWithResponse(t, note.Id, nil)
	if err != nil {
		return err
	}
	if read.JSON200 == nil {
		return unexpected("reading", read.HTTPResponse, read.Body)
	}
	tag, title := read.HTTPResponse.Header.Get("ETag"), "Renamed"
	params := client.PatchNoteParams{IfMatch: &tag}
	patch := client.NotePatch{Title: &title}
	patched, err := t.PatchNoteWithApplicationMergePatchPlusJSONBodyWithResponse(t, note.Id, &params, patch)
	if err != nil {
		return err
	}
	renamed := patched.JSON200
	if renamed == nil || renamed.Title != title || renamed.Version != note.Version+1 || patched.HTTPResponse.Header.Get("ETag") == tag {
		return unexpected("patching", patched.HTTPResponse, patched.Body)
	}
	stale, err := t.PatchNoteWithResponse(t, note.Id, &params, patch)
	if err != nil {
		return err
	}
	changed := stale.ApplicationproblemJSON412
	if changed == nil || changed.Current.Version != renamed.Version || changed.Base == nil || changed.Base.Title != note.Title {
		return unexpected("patching with a stale ETag", stale.HTTPResponse, stale.Body)
	}
	var edit client.NoteEdit
	if err := edit.FromAppendEdit(client.AppendEdit{Op: client.AppendEditOpAppend, Text: "More"}); err != nil {
		return err
	}
	edited, err := t.EditNoteWithResponse(t, note.Id, nil, client.NoteEdits{Edits: []client.NoteEdit{edit}})
	if err != nil {
		return err
	}
	if edited.JSON200 == nil || edited.JSON200.Note.Content != note.Content+"\nMore" {
		return unexpected("editing", edited.HTTPResponse, edited.Body)
	}
	return nil
}

func (t traveller) beRefused() error {
	refused, err := t.CreateNoteWithResponse(t, nil, client.NoteCreate{Title: "", Content: "Text"})
	if err != nil {
		return err
	}
	if invalid := refused.ApplicationproblemJSON422; invalid != nil {
		for _, fault := range invalid.Errors {
			if fault.Pointer == "/title" && fault.Type == "string_too_short" {
				return nil
			}
		}
	}
	return unexpected("an empty title", refused.HTTPResponse, refused.Body)
}

func (t traveller) delete(note client.Note) error {
	deleted, err := t.DeleteNoteWithResponse(t, note.Id, nil)
	if err != nil {
		return err
	}
	if deleted.StatusCode() != http.StatusNoContent {
		return unexpected("deleting", deleted.HTTPResponse, deleted.Body)
	}
	gone, err := t.GetNoteWithResponse(t, note.Id, nil)
	if err != nil {
		return err
	}
	if problem := gone.ApplicationproblemJSON404; problem == nil || problem.Type != "/problems/not-found" || problem.Status != 404 {
		return unexpected("reading a deleted note", gone.HTTPResponse, gone.Body)
	}
	return nil
}

func unexpected(what string, response *http.Response, body []byte) error {
	return fmt.Errorf("%s answered %s: %s", what, response.Status, body)
}
