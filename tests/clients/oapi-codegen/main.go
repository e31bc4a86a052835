// A stranger's program: everything a client of notes needs, through the generated package only.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/oapi-codegen/runtime"

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
	registered, err := t.RegisterUserWithResponse(t, client.UserCreate{Email: email, Password: password})
	if err != nil {
		return nil, err
	}
	if user := registered.JSON201; user == nil || user.Email != email || !user.IsActive {
		return nil, unexpected("registering", registered.HTTPResponse, registered.Body)
	}
	// Of the union of the two grants, the generated function for forms makes an empty form; a member alone is encoded well.
	grant := client.PasswordGrantGrantTypePassword
	form, err := runtime.MarshalForm(client.PasswordGrant{GrantType: &grant, Username: email, Password: password}, nil)
	if err != nil {
		return nil, err
	}
	answer, err := t.CreateTokenWithBodyWithResponse(t, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if answer.JSON200 == nil || answer.JSON200.TokenType != client.TokenTokenTypeBearer {
		return nil, unexpected("logging in", answer.HTTPResponse, answer.Body)
	}
	return answer.JSON200, nil
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
	refused, err := t.CreateNoteWithResponse(t, nil, client.NoteCreate{Title: ""})
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
