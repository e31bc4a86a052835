package main

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"

	"roundtrip/client"
)

func (t traveller) create(count int) ([]client.Note, error) {
	var notes []client.Note
	for number := 0; number < count; number++ {
		body := client.NewNoteCreate(fmt.Sprintf("Note %d", number))
		body.SetContent("Text")
		body.SetTags([]string{"client"})
		note, _, err := t.NotesAPI.CreateNote(t).NoteCreate(*body).Execute()
		if err != nil {
			return nil, fmt.Errorf("creating a note: %w", err)
		}
		if note.Title != body.Title || !reflect.DeepEqual(note.Tags, body.Tags) || note.Version != 1 {
			return nil, fmt.Errorf("creating a note answered %+v", note)
		}
		notes = append(notes, *note)
	}
	return notes, nil
}

var next = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// listAll follows Link until there is none, and compares what it saw with what there must be.
func (t traveller) listAll(limit int32, notes []client.Note) (pages int, err error) {
	var seen, wanted []string
	for _, note := range notes {
		wanted = append([]string{note.Id}, wanted...)
	}
	request := t.NotesAPI.ListNotes(t).Limit(limit).Sort(client.NOTEORDER_TitleDescending)
	for {
		page, response, err := request.Execute()
		if err != nil {
			return 0, fmt.Errorf("listing notes: %w", err)
		}
		pages++
		for _, note := range page {
			seen = append(seen, note.Id)
		}
		link := next.FindStringSubmatch(response.Header.Get("Link"))
		if link == nil {
			break
		}
		address, err := url.Parse(link[1])
		if err != nil {
			return 0, err
		}
		request = request.Cursor(address.Query().Get("cursor"))
	}
	if !reflect.DeepEqual(seen, wanted) || pages != 3 {
		return 0, fmt.Errorf("%d notes, from the last title to the first, came as %v in %d pages", len(notes), seen, pages)
	}
	return pages, nil
}
