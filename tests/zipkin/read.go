// Reads a list of spans from standard input with Zipkin's own model, which refuses what is none,
// and writes what it has read.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/openzipkin/zipkin-go/model"
)

// What the model has read, by its own names: nothing here goes through its writer.
type read struct {
	TraceID     string
	ID          string
	ParentID    string
	Name        string
	Kind        string
	StartNs     int64
	DurationNs  int64
	Local       *model.Endpoint
	Remote      *model.Endpoint
	Annotations []annotation
	Tags        map[string]string
}

type annotation struct {
	AtNs  int64
	Value string
}

func show(span *model.SpanModel) read {
	shown := read{
		TraceID:    span.TraceID.String(),
		ID:         span.ID.String(),
		Name:       span.Name,
		Kind:       string(span.Kind),
		StartNs:    span.Timestamp.UnixNano(),
		DurationNs: span.Duration.Nanoseconds(),
		Local:      span.LocalEndpoint,
		Remote:     span.RemoteEndpoint,
		Tags:       span.Tags,
	}
	if span.ParentID != nil {
		shown.ParentID = span.ParentID.String()
	}
	for _, a := range span.Annotations {
		shown.Annotations = append(shown.Annotations, annotation{a.Timestamp.UnixNano(), a.Value})
	}
	return shown
}

func run() error {
	var spans []model.SpanModel
	decoder := json.NewDecoder(os.Stdin)
	if err := decoder.Decode(&spans); err != nil {
		return err
	}
	shown := []read{}
	for i := range spans {
		shown = append(shown, show(&spans[i]))
	}
	return json.NewEncoder(os.Stdout).Encode(shown)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
