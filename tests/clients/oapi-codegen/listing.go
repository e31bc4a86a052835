package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"roundtrip/client"
)

func (t traveller) create(count int) ([]client.Note, error) {
	var notes []client.Note
	for number := range count {
		content := "Text"
		body := client.NoteCreate{Title: fmt.Sprintf("Note %d", number), Content: &content, Tags: &[]client.Tag{"client"}}
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
