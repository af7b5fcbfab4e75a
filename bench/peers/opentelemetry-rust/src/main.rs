//! The spans of run.py with opentelemetry-rust.
use std::io::{stdin, stdout, BufRead, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use opentelemetry::global;
use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry::KeyValue;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};

static EXPORTED: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Nothing;

impl SpanExporter for Nothing {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        EXPORTED.fetch_add(batch.len(), Ordering::Relaxed);
        Ok(())
    }
}

fn start_end(tracer: &impl Tracer, count: usize) {
    for _ in 0..count {
        tracer.start("checkout").end();
    }
}

fn three_attributes(tracer: &impl Tracer, count: usize) {
    for i in 0..count {
        let mut span = tracer.start("checkout");
        span.set_attribute(KeyValue::new("cart.items", i as i64));
        span.set_attribute(KeyValue::new("user.tier", "gold"));
        span.set_attribute(KeyValue::new("cart.is_gift", true));
        span.end();
    }
}

fn spec(tracer: &impl Tracer, count: usize) {
    for i in 0..count {
        let mut span = tracer.start("checkout");
        span.set_attribute(KeyValue::new("cart.items", i as i64));
        span.add_event("paid", Vec::new());
        span.end();
    }
}

fn ten_attributes(tracer: &impl Tracer, count: usize) {
    for _ in 0..count {
        let mut span = tracer.start("checkout");
        span.set_attribute(KeyValue::new("attribute.number.one", "text.of.attribute.01"));
        span.set_attribute(KeyValue::new("attribute.number.two", "text.of.attribute.02"));
        span.set_attribute(KeyValue::new("attribute.number.thr", "text.of.attribute.03"));
        span.set_attribute(KeyValue::new("attribute.number.fou", "text.of.attribute.04"));
        span.set_attribute(KeyValue::new("attribute.number.fiv", "text.of.attribute.05"));
        span.set_attribute(KeyValue::new("attribute.number.six", "text.of.attribute.06"));
        span.set_attribute(KeyValue::new("attribute.number.sev", "text.of.attribute.07"));
        span.set_attribute(KeyValue::new("attribute.number.eig", "text.of.attribute.08"));
        span.set_attribute(KeyValue::new("attribute.number.nin", "text.of.attribute.09"));
        span.set_attribute(KeyValue::new("attribute.number.ten", "text.of.attribute.10"));
        span.end();
    }
}

fn provider(sampler: Sampler) -> SdkTracerProvider {
    SdkTracerProvider::builder().with_sampler(sampler).with_batch_exporter(Nothing).build()
}

fn main() {
    let sampled = provider(Sampler::AlwaysOn);
    let unsampled = provider(Sampler::AlwaysOff);
    let on = sampled.tracer("peer");
    let off = unsampled.tracer("peer");
    let none = global::tracer("peer"); // no provider is set
    let run = |work: &str, count: usize| match work {
        "start_end" => start_end(&on, count),
        "three_attributes" => three_attributes(&on, count),
        "spec" => spec(&on, count),
        "ten_attributes" => ten_attributes(&on, count),
        "unsampled" => start_end(&off, count),
        _ => start_end(&none, count),
    };
    for line in stdin().lock().lines().map_while(Result::ok) {
        answer(&line, &sampled, run);
        stdout().flush().unwrap();
    }
}

fn answer(line: &str, sampled: &SdkTracerProvider, run: impl Fn(&str, usize)) {
    let words: Vec<&str> = line.split(' ').collect();
    if words[0] == "exported" {
        println!("{}", EXPORTED.load(Ordering::Relaxed));
        return;
    }
    let (batches, count): (usize, usize) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    for _ in 0..batches {
        let start = Instant::now();
        run(words[0], count);
        print!("{:.2} ", start.elapsed().as_nanos() as f64 / count as f64);
        sampled.force_flush().unwrap();
    }
    println!();
}
