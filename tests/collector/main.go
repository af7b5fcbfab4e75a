//go:build !quick

// A Collector of the parts that the tests need: what arrives by OTLP is written to a file. With the
// build tag "gateways" it has what examples/deploy/collector asks for as well.
package main

import (
	"errors"
	"log"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

var (
	receivers  = []receiver.Factory{otlpreceiver.NewFactory()}
	processors []processor.Factory
	exporters  = []exporter.Factory{fileexporter.NewFactory()}
)

func factories() (otelcol.Factories, error) {
	made := otelcol.Factories{Telemetry: otelconftelemetry.NewFactory()}
	var failures [3]error
	made.Receivers, failures[0] = otelcol.MakeFactoryMap(receivers...)
	made.Processors, failures[1] = otelcol.MakeFactoryMap(processors...)
	made.Exporters, failures[2] = otelcol.MakeFactoryMap(exporters...)
	return made, errors.Join(failures[:]...)
}

func main() {
	command := otelcol.NewCommand(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "collector", Version: "0.160.0"},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{
			ResolverSettings: confmap.ResolverSettings{
				ProviderFactories: []confmap.ProviderFactory{
					envprovider.NewFactory(),
					fileprovider.NewFactory(),
				},
				DefaultScheme: "env",
			},
		},
	})
	if err := command.Execute(); err != nil {
		log.Fatal(err)
	}
}
