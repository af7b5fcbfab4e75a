// The spans of run.py with opentelemetry-go.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

var exported atomic.Int64

type nothing struct{}

func (nothing) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	exported.Add(int64(len(spans)))
	return nil
}

func (nothing) Shutdown(context.Context) error { return nil }

func startEnd(tracer trace.Tracer, count int) {
	for i := 0; i < count; i++ {
		_, span := tracer.Start(context.Background(), "checkout")
		span.End()
	}
}

func threeAttributes(tracer trace.Tracer, count int) {
	for i := 0; i < count; i++ {
		_, span := tracer.Start(context.Background(), "checkout")
		span.SetAttributes(
			attribute.Int("cart.items", i),
			attribute.String("user.tier", "gold"),
			attribute.Bool("cart.is_gift", true))
		span.End()
	}
}

func spec(tracer trace.Tracer, count int) {
	for i := 0; i < count; i++ {
		_, span := tracer.Start(context.Background(), "checkout")
		span.SetAttributes(attribute.Int("cart.items", i))
		span.AddEvent("paid")
		span.End()
	}
}

func tenAttributes(tracer trace.Tracer, count int) {
	for i := 0; i < count; i++ {
		_, span := tracer.Start(context.Background(), "checkout")
		span.SetAttributes(
			attribute.String("attribute.number.one", "text.of.attribute.01"),
			attribute.String("attribute.number.two", "text.of.attribute.02"),
			attribute.String("attribute.number.thr", "text.of.attribute.03"),
			attribute.String("attribute.number.fou", "text.of.attribute.04"),
			attribute.String("attribute.number.fiv", "text.of.attribute.05"),
			attribute.String("attribute.number.six", "text.of.attribute.06"),
			attribute.String("attribute.number.sev", "text.of.attribute.07"),
			attribute.String("attribute.number.eig", "text.of.attribute.08"),
			attribute.String("attribute.number.nin", "text.of.attribute.09"),
			attribute.String("attribute.number.ten", "text.of.attribute.10"))
		span.End()
	}
}

func provider(sampler sdk.Sampler) *sdk.TracerProvider {
	return sdk.NewTracerProvider(sdk.WithSampler(sampler), sdk.WithBatcher(nothing{}))
}

func main() {
	sampled := provider(sdk.AlwaysSample())
	on := sampled.Tracer("peer")
	off := provider(sdk.NeverSample()).Tracer("peer")
	none := otel.Tracer("peer") // no provider is set
	run := func(work string, count int) {
		switch work {
		case "start_end":
			startEnd(on, count)
		case "three_attributes":
			threeAttributes(on, count)
		case "spec":
			spec(on, count)
		case "ten_attributes":
			tenAttributes(on, count)
		case "unsampled":
			startEnd(off, count)
		default:
			startEnd(none, count)
		}
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		answer(lines.Text(), sampled, run)
	}
}

func answer(line string, sampled *sdk.TracerProvider, run func(string, int)) {
	var work string
	var batches, count int
	fmt.Sscan(line, &work, &batches, &count) // "exported" stands alone
	if work == "exported" {
		fmt.Println(exported.Load())
		return
	}
	for i := 0; i < batches; i++ {
		start := time.Now()
		run(work, count)
		fmt.Printf("%.2f ", float64(time.Since(start).Nanoseconds())/float64(count))
		if err := sampled.ForceFlush(context.Background()); err != nil {
			panic(err)
		}
	}
	fmt.Println()
}
