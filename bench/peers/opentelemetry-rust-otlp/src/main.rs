//! The steady load of steady.py with opentelemetry-rust and its OTLP exporter.
use std::io::{stdin, stdout, BufRead, Write};
use std::thread::sleep;
use std::time::{Duration, Instant};

use opentelemetry::trace::{Span, Tracer, TracerProvider};
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;

fn three_attributes(tracer: &impl Tracer, count: usize) {
    for i in 0..count {
        let mut span = tracer.start("checkout");
        span.set_attribute(KeyValue::new("cart.items", i as i64));
        span.set_attribute(KeyValue::new("user.tier", "gold"));
        span.set_attribute(KeyValue::new("cart.is_gift", true));
        span.end();
    }
}

/// Of all threads.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn cpu_percent(tracer: &impl Tracer, ticks: u32, spans: usize) -> f64 {
    let (cpu, start) = (cpu_time(), Instant::now());
    for tick in 1..=ticks {
        sleep((start + Duration::from_millis(1) * tick).saturating_duration_since(Instant::now()));
        three_attributes(tracer, spans);
    }
    100.0 * (cpu_time() - cpu).as_secs_f64() / start.elapsed().as_secs_f64()
}

fn main() {
    let endpoint = std::env::args().nth(1).unwrap();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()
        .unwrap();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let tracer = provider.tracer("bench");
    for line in stdin().lock().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let percent = cpu_percent(&tracer, words[0].parse().unwrap(), words[1].parse().unwrap());
        provider.force_flush().unwrap();
        println!("{percent:.4}");
        stdout().flush().unwrap();
    }
}
