//! The spans of run.py with fastrace. It has no types of attributes: an integer becomes text.
//!
//!     peer-fastrace root     every span is the root of a trace, as those of the others are
//!     peer-fastrace local    spans of one thread below one root, which is ended with each batch
//!     peer-fastrace off      no reporter is set
use std::io::{stdin, stdout, BufRead, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use fastrace::prelude::*;

const NAME: &str = "checkout";

static EXPORTED: AtomicUsize = AtomicUsize::new(0);

struct Nothing;

impl Reporter for Nothing {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        let count = spans.iter().filter(|span| span.name == NAME).count();
        EXPORTED.fetch_add(count, Ordering::Relaxed);
    }
}

type Text = std::borrow::Cow<'static, str>;

fn three(i: usize) -> [(&'static str, Text); 3] {
    [
        ("cart.items", i.to_string().into()),
        ("user.tier", "gold".into()),
        ("cart.is_gift", "true".into()),
    ]
}

fn ten() -> [(&'static str, Text); 10] {
    [
        ("attribute.number.one", "text.of.attribute.01".into()),
        ("attribute.number.two", "text.of.attribute.02".into()),
        ("attribute.number.thr", "text.of.attribute.03".into()),
        ("attribute.number.fou", "text.of.attribute.04".into()),
        ("attribute.number.fiv", "text.of.attribute.05".into()),
        ("attribute.number.six", "text.of.attribute.06".into()),
        ("attribute.number.sev", "text.of.attribute.07".into()),
        ("attribute.number.eig", "text.of.attribute.08".into()),
        ("attribute.number.nin", "text.of.attribute.09".into()),
        ("attribute.number.ten", "text.of.attribute.10".into()),
    ]
}

fn root() -> Span {
    Span::root(NAME, SpanContext::random())
}

fn unsampled() -> Span {
    Span::root(NAME, SpanContext::random().sampled(false))
}

fn run_root(work: &str, count: usize) -> bool {
    match work {
        "start_end" => (0..count).for_each(|_| drop(root())),
        "three_attributes" => (0..count).for_each(|i| drop(root().with_properties(|| three(i)))),
        "spec" => (0..count).for_each(|i| {
            let span = root().with_property(|| ("cart.items", i.to_string()));
            span.add_event(Event::new("paid"));
        }),
        "ten_attributes" => (0..count).for_each(|_| drop(root().with_properties(ten))),
        "unsampled" => (0..count).for_each(|_| drop(unsampled())),
        _ => return false,
    }
    true
}

fn local() -> LocalSpan {
    LocalSpan::enter_with_local_parent(NAME)
}

fn run_local(work: &str, count: usize) -> bool {
    let parent = Span::root("batch", SpanContext::random()); // not counted as exported
    let _guard = parent.set_local_parent();
    match work {
        "start_end" => (0..count).for_each(|_| drop(local())),
        "three_attributes" => (0..count).for_each(|i| drop(local().with_properties(|| three(i)))),
        "spec" => (0..count).for_each(|i| {
            let _span = local().with_property(|| ("cart.items", i.to_string()));
            LocalSpan::add_event(Event::new("paid"));
        }),
        "ten_attributes" => (0..count).for_each(|_| drop(local().with_properties(ten))),
        _ => return false,
    }
    true
}

fn run_off(work: &str, count: usize) -> bool {
    match work {
        "no_provider" => (0..count).for_each(|_| drop(root())),
        _ => return false,
    }
    true
}

fn main() {
    let kind = std::env::args().nth(1).unwrap_or_default();
    let run = match kind.as_str() {
        "local" => run_local,
        "off" => run_off,
        _ => run_root,
    };
    if kind != "off" {
        fastrace::set_reporter(
            Nothing,
            Config::default().report_interval(Duration::from_secs(3600)),
        );
    }
    for line in stdin().lock().lines().map_while(Result::ok) {
        answer(&line, run);
        stdout().flush().unwrap();
    }
}

fn answer(line: &str, run: fn(&str, usize) -> bool) {
    let words: Vec<&str> = line.split(' ').collect();
    if words[0] == "exported" {
        println!("{}", EXPORTED.load(Ordering::Relaxed));
        return;
    }
    let (batches, count): (usize, usize) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    for _ in 0..batches {
        let start = Instant::now();
        let is_known = run(words[0], count);
        let took = start.elapsed();
        fastrace::flush();
        if !is_known {
            break;
        }
        print!("{:.2} ", took.as_nanos() as f64 / count as f64);
    }
    println!();
}
