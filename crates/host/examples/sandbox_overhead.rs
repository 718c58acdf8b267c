//! What a sandbox costs around a program that does nothing, in milliseconds: the median of each
//! configuration, measured in turns so that what else the machine does falls on all alike.
//!
//!     cargo run --release --package host --example sandbox_overhead [TURNS]

#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]
#![expect(clippy::expect_used, reason = "a measurement that fails has no result")]

use std::process::ExitCode;
use std::time::Instant;

use host::{
    ChildCommand, Layer, Processes as _, Sandbox, SandboxLevel, SandboxPolicy, SystemProcesses,
};

const IDLE: &str = "/bin/true";

fn main() -> ExitCode {
    if let Some(ended) = host::enter_when_asked() {
        return ended;
    }
    let turns = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(200);
    let without = |layers: &[Layer]| SandboxPolicy {
        level: SandboxLevel::None,
        without: layers.iter().copied().collect(),
        ..SandboxPolicy::default()
    };
    let spaces = [
        Layer::UserNamespace,
        Layer::ReadOnlyRoot,
        Layer::ProcessNamespace,
        Layer::NetworkNamespace,
        Layer::IpcNamespace,
        Layer::UtsNamespace,
    ];
    let mut policies = vec![
        ("no sandbox".to_owned(), None),
        ("a launcher and no layer".to_owned(), Some(without(&Layer::ALL))),
        (
            "no namespaces, no control group".to_owned(),
            Some(without(&[&spaces[..], &[Layer::ControlGroup]].concat())),
        ),
        ("every layer".to_owned(), Some(without(&[]))),
    ];
    for layer in Layer::ALL {
        policies.push((format!("without {layer}"), Some(without(&[layer]))));
    }
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); policies.len()];
    for _ in 0..turns {
        for ((_, policy), times) in policies.iter().zip(&mut times) {
            let started = Instant::now();
            once(policy.as_ref());
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    for ((name, _), times) in policies.iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        println!("{:8.2} ms  {name}", times[times.len() / 2]);
    }
    ExitCode::SUCCESS
}

fn once(policy: Option<&SandboxPolicy>) {
    let command = ChildCommand::new(IDLE);
    match policy {
        None => drop(SystemProcesses.run(&command).expect("it runs")),
        Some(policy) => {
            let sandbox = Sandbox::new(policy.clone());
            drop(sandbox.run(&SystemProcesses, &command).expect("it runs"));
        }
    }
}
