//go:build quick

// Of a Collector its OTLP receiver alone, with the settings that it has there; what arrives is
// written as its file exporter writes it. To build the rest takes three times as long.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	metric "go.opentelemetry.io/otel/metric/noop"
	trace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// settings are those of a Collector, as far as they are needed: JSON is YAML too.
type settings struct {
	Receivers struct {
		OTLP map[string]any `json:"otlp"`
	} `json:"receivers"`
	Exporters struct {
		File struct {
			Path string `json:"path"`
		} `json:"file"`
	} `json:"exporters"`
}

// lonely is a host without extensions.
type lonely struct{}

func (lonely) GetExtensions() map[component.ID]component.Component { return nil }

func must(problem error) {
	if problem != nil {
		log.Fatal(problem)
	}
}

func read(path string) (from settings) {
	text, problem := os.ReadFile(path)
	must(problem)
	must(json.Unmarshal(text, &from))
	return from
}

// writer appends what comes to a file, a request a line.
func writer(path string) consumer.Traces {
	var lock sync.Mutex
	file, problem := os.Create(path)
	must(problem)
	to, problem := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		line, problem := new(ptrace.JSONMarshaler).MarshalTraces(traces)
		if problem != nil {
			return problem
		}
		lock.Lock()
		defer lock.Unlock()
		_, problem = file.Write(append(line, '\n'))
		return problem
	})
	must(problem)
	return to
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	from := read(os.Args[2]) // behind --config
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	must(confmap.NewFromStringMap(from.Receivers.OTLP).Unmarshal(config))
	receiver, problem := factory.CreateTraces(ctx, receiver.Settings{
		ID: component.NewID(factory.Type()),
		TelemetrySettings: component.TelemetrySettings{
			Logger:         zap.NewNop(),
			TracerProvider: trace.NewTracerProvider(),
			MeterProvider:  metric.NewMeterProvider(),
			Resource:       pcommon.NewResource(),
		},
	}, config, writer(from.Exporters.File.Path))
	must(problem)
	must(receiver.Start(ctx, lonely{}))
	fmt.Println("Everything is ready")
	<-ctx.Done()
	must(receiver.Shutdown(context.Background()))
}
