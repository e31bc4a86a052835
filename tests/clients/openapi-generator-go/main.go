// A stranger's program: everything a client of notes needs, through the generated package only.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"roundtrip/client"
)

type traveller struct {
	context.Context
	*client.APIClient
}

func main() {
	if err := travel(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "round trip failed:", err)
		os.Exit(1)
	}
}

func travel(server string) error {
	configuration := client.NewConfiguration()
	configuration.Servers = client.ServerConfigurations{{URL: server}}
	t := traveller{context.Background(), client.NewAPIClient(configuration)}
	token, err := t.logIn()
	if err != nil {
		return err
	}
	t.Context = context.WithValue(t.Context, client.ContextAccessToken, token.AccessToken)
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
	if err := readLaterReply(token); err != nil {
		return err
	}
	fmt.Printf("round trip ok: %d notes in %d pages, 412 with the current version, 422 with its fields, 404 after 204\n", len(notes), pages)
	return nil
}

func (t traveller) logIn() (*client.Token, error) {
	email, password := fmt.Sprintf("go-%d@example.com", time.Now().UnixNano()), "correct horse battery staple"
	user, _, err := t.AuthAPI.RegisterUser(t).UserCreate(*client.NewUserCreate(email, password)).Execute()
	if err != nil {
		return nil, fmt.Errorf("registering: %w", err)
	}
	if user.Email != email || !user.IsActive {
		return nil, fmt.Errorf("registering answered %+v", user)
	}
	token, _, err := t.AuthAPI.CreateToken(t).GrantType("password").Username(email).Password(password).Execute()
	if err != nil {
		return nil, fmt.Errorf("logging in: %w", err)
	}
	if token.TokenType != "bearer" {
		return nil, fmt.Errorf("logging in answered %+v", token)
	}
	return token, nil
}

func (t traveller) change(note client.Note) error {
	_, response, err := t.NotesAPI.GetNote(t, note.Id).Execute()
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	tag, title := response.Header.Get("ETag"), "Renamed"
	patch := client.NotePatch{Title: &title}
	patched, response, err := t.NotesAPI.PatchNote(t, note.Id).IfMatch(tag).NotePatch(patch).Execute()
	if err != nil {
		return fmt.Errorf("patching: %w", err)
	}
	if patched.Title != title || patched.Version != note.Version+1 || response.Header.Get("ETag") == tag {
		return fmt.Errorf("patching answered %+v", patched)
	}
	_, response, err = t.NotesAPI.PatchNote(t, note.Id).IfMatch(tag).NotePatch(patch).Execute()
	changed, err := problem[client.NoteChangedProblem](response, err, http.StatusPreconditionFailed)
	if err != nil {
		return fmt.Errorf("patching with a stale ETag: %w", err)
	}
	if changed.Current.Version != patched.Version || changed.Base == nil || changed.Base.Title != note.Title {
		return fmt.Errorf("patching with a stale ETag answered %+v", changed)
	}
	edits := client.NewNoteEdits([]client.NoteEdit{client.AppendEditAsNoteEdit(client.NewAppendEdit("append", "More"))})
	edited, _, err := t.NotesAPI.EditNote(t, note.Id).NoteEdits(*edits).Execute()
	if err != nil {
		return fmt.Errorf("editing: %w", err)
	}
	if edited.Note.Content != note.Content+"\nMore" {
		return fmt.Errorf("editing answered %+v", edited)
	}
	return nil
}

func (t traveller) beRefused() error {
	_, response, err := t.NotesAPI.CreateNote(t).NoteCreate(*client.NewNoteCreate("")).Execute()
	invalid, err := problem[client.ValidationProblem](response, err, http.StatusUnprocessableEntity)
	if err != nil {
		return fmt.Errorf("an empty title: %w", err)
	}
	for _, fault := range invalid.Errors {
		if fault.Pointer == "/title" && fault.Type == "string_too_short" {
			return nil
		}
	}
	return fmt.Errorf("an empty title answered %+v", invalid)
}

func (t traveller) delete(note client.Note) error {
	response, err := t.NotesAPI.DeleteNote(t, note.Id).Execute()
	if err != nil {
		return fmt.Errorf("deleting: %w", err)
	}
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("deleting answered %s", response.Status)
	}
	_, response, err = t.NotesAPI.GetNote(t, note.Id).Execute()
	gone, err := problem[client.Problem](response, err, http.StatusNotFound)
	if err != nil {
		return fmt.Errorf("reading a deleted note: %w", err)
	}
	if gone.Type != "/problems/not-found" || gone.Status != http.StatusNotFound {
		return fmt.Errorf("reading a deleted note answered %+v", gone)
	}
	return nil
}

// problem takes the model of a documented status out of the error of a call.
func problem[P any](response *http.Response, err error, status int) (*P, error) {
	var failure *client.GenericOpenAPIError
	if !errors.As(err, &failure) || response == nil || response.StatusCode != status {
		return nil, fmt.Errorf("not refused with %d: %v", status, err)
	}
	model, ok := failure.Model().(P)
	if !ok {
		return nil, fmt.Errorf("%d came as %T: %s", status, failure.Model(), failure.Body())
	}
	return &model, nil
}

// readLaterReply shows that a field which a later server sends does no harm.
func readLaterReply(token *client.Token) error {
	fields, err := token.ToMap()
	if err != nil {
		return err
	}
	fields["later"] = true
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	var read client.Token
	if err := json.Unmarshal(text, &read); err != nil || read.AccessToken != token.AccessToken {
		return fmt.Errorf("a reply with a field that a later server adds: %v", err)
	}
	return nil
}
