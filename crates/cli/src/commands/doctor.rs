//! `doctor`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use code_line::{Error, ErrorCode};
use host::{
    ChildCommand, Confinement, Layer, Sandbox, SandboxError, SandboxLevel, SandboxPolicy,
    SystemProcesses,
};
use serde::Serialize;

use super::Context;
use crate::Answer;
use crate::words::Lines;

/// Programs that do nothing and succeed.
const IDLE: [&str; 2] = ["/bin/true", "/usr/bin/true"];

/// What this machine offers.
#[derive(Debug, Serialize)]
struct Health {
    sandbox: SandboxHealth,
    folders: BTreeMap<&'static str, PathBuf>,
}

#[derive(Debug, Serialize)]
struct SandboxHealth {
    level: SandboxLevel,
    layers: BTreeSet<Layer>,
    missing: BTreeMap<Layer, String>,
}

pub(crate) fn doctor(context: &Context<'_>) -> Result<Answer, Error> {
    let confinement = confinement()?;
    let level = confinement.level();
    let folders = &context.world.folders;
    let health = Health {
        sandbox: SandboxHealth { level, layers: confinement.reached, missing: confinement.missing },
        folders: BTreeMap::from([
            ("cache", folders.cache.clone()),
            ("configuration", folders.configuration.clone()),
            ("state", folders.state.clone()),
        ]),
    };
    if context.output.is_json() {
        context.output.json(&health)?;
    } else {
        context.output.result(&health_text(&health))?;
    }
    Ok(if level >= SandboxLevel::Isolated { Answer::Yes } else { Answer::No })
}

/// The layers that stand when a program that does nothing is confined as well as can be.
fn confinement() -> Result<Confinement, Error> {
    let failed = |why: &str| {
        Error::new(code_line::ErrorKind::Outside, ErrorCode::ConfigurationError, why.to_owned())
    };
    let idle = IDLE.iter().map(Path::new).find(|path| path.exists());
    let idle = idle.ok_or_else(|| failed("there is no program `true` to try the sandbox with"))?;
    let policy = SandboxPolicy { level: SandboxLevel::None, ..SandboxPolicy::default() };
    match Sandbox::new(policy).run(&SystemProcesses, &ChildCommand::new(idle)) {
        Ok(confined) => Ok(confined.confinement),
        Err(SandboxError::Refused { confinement, .. }) => Ok(confinement),
        Err(error) => Err(failed("the sandbox could not be tried").caused_by(error)),
    }
}

fn health_text(health: &Health) -> String {
    let sandbox = &health.sandbox;
    let says = match sandbox.level {
        SandboxLevel::Complete => "every layer stands",
        SandboxLevel::Isolated => "what running foreign code needs",
        SandboxLevel::Filtered => "too little to run foreign code",
        SandboxLevel::None => "foreign code cannot be confined here",
    };
    let mut out = format!("sandbox: {}, {says}\n", sandbox.level);
    let mut lines = Lines::default();
    for layer in Layer::ALL {
        let state = match sandbox.missing.get(&layer) {
            Some(why) => format!("missing: {why}"),
            None if sandbox.layers.contains(&layer) => "stands".to_owned(),
            None => "missing".to_owned(),
        };
        lines.push([format!("  {layer}"), state]);
    }
    out.push_str(&lines.finish());
    out.push_str("folders:\n");
    let mut lines = Lines::default();
    for (name, path) in &health.folders {
        lines.push([format!("  {name}"), path.display().to_string()]);
    }
    out.push_str(&lines.finish());
    out
}
