// Does what `docker compose config` does, with the loader of Docker Compose: reads a compose file, puts the variables
// in, validates it and prints the project as JSON. `compose-go schema` prints the schema that it validates by.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/schema"
)

// request is read from standard input. Nothing comes from the environment of this process or from a .env file.
type request struct {
	File        string   `json:"file"`
	Environment []string `json:"environment"`
	Profiles    []string `json:"profiles"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "schema" {
		fmt.Print(schema.Schema)
		return
	}
	project, err := load()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(project))
}

func load() ([]byte, error) {
	var wanted request
	if err := json.NewDecoder(os.Stdin).Decode(&wanted); err != nil {
		return nil, err
	}
	options, err := cli.NewProjectOptions(
		[]string{wanted.File},
		cli.WithWorkingDirectory(filepath.Dir(wanted.File)),
		cli.WithEnv(wanted.Environment),
		cli.WithProfiles(wanted.Profiles),
	)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return project.MarshalJSON()
}
