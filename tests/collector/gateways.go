//go:build gateways

package main

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/loadbalancingexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/tailsamplingprocessor"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
)

func init() {
	processors = append(processors, tailsamplingprocessor.NewFactory())
	exporters = append(exporters, loadbalancingexporter.NewFactory(), otlphttpexporter.NewFactory())
}
