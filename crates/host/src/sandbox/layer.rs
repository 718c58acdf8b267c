//! The layers of a sandbox, and the levels that they add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// One protection, independent of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The program sees only the variables that it was given.
    EmptyEnvironment,
    /// The program inherits no open file but its three streams.
    ClosedDescriptors,
    /// The program runs as an ordinary user, also when root started it.
    UnprivilegedUser,
    /// No capability is left, and none can be gained by running a set-uid program.
    NoCapabilities,
    /// A user namespace of its own: what it may do there, it may do to nothing outside.
    UserNamespace,
    /// A mount namespace of its own in which everything is read-only but the declared folders, and
    /// these know neither devices nor set-uid programs.
    ReadOnlyRoot,
    /// A process namespace of its own: it sees and signals only its own processes, and all end with
    /// it.
    ProcessNamespace,
    /// A network namespace of its own, without any connection.
    NetworkNamespace,
    /// A namespace of its own for shared memory and message queues.
    IpcNamespace,
    /// A host name of its own.
    UtsNamespace,
    /// Landlock: files outside the declared folders cannot be read or written.
    Landlock,
    /// Seccomp: only the system calls that ordinary programs need.
    SystemCallFilter,
    /// A control group that limits memory and the number of processes of all processes together.
    ControlGroup,
    /// Limits on CPU time, memory, files and their size for each process.
    ResourceLimits,
}

impl Layer {
    /// Every layer, outermost first.
    pub const ALL: [Self; 14] = [
        Self::EmptyEnvironment,
        Self::ClosedDescriptors,
        Self::UnprivilegedUser,
        Self::NoCapabilities,
        Self::UserNamespace,
        Self::ReadOnlyRoot,
        Self::ProcessNamespace,
        Self::NetworkNamespace,
        Self::IpcNamespace,
        Self::UtsNamespace,
        Self::Landlock,
        Self::SystemCallFilter,
        Self::ControlGroup,
        Self::ResourceLimits,
    ];

    /// What the layer is called in messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::EmptyEnvironment => "empty environment",
            Self::ClosedDescriptors => "closed descriptors",
            Self::UnprivilegedUser => "unprivileged user",
            Self::NoCapabilities => "no capabilities",
            Self::UserNamespace => "user namespace",
            Self::ReadOnlyRoot => "read-only root",
            Self::ProcessNamespace => "process namespace",
            Self::NetworkNamespace => "network namespace",
            Self::IpcNamespace => "IPC namespace",
            Self::UtsNamespace => "UTS namespace",
            Self::Landlock => "Landlock",
            Self::SystemCallFilter => "system call filter",
            Self::ControlGroup => "control group",
            Self::ResourceLimits => "resource limits",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// How well a program is confined. Each level has all layers of the one before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SandboxLevel {
    /// Whatever the machine offers, even nothing.
    None,
    /// What needs no namespaces: an empty environment, no capabilities, Landlock, a filter of
    /// system calls, limits.
    Filtered,
    /// And namespaces for mounts, processes, network, IPC and the host name, as an ordinary user.
    #[default]
    Isolated,
    /// And a user namespace and a control group: every layer.
    Complete,
}

impl SandboxLevel {
    /// Every level, the weakest first.
    pub const ALL: [Self; 4] = [Self::None, Self::Filtered, Self::Isolated, Self::Complete];

    /// The layers that this level needs.
    pub fn layers(self) -> BTreeSet<Layer> {
        use Layer::{
            ClosedDescriptors, EmptyEnvironment, IpcNamespace, Landlock, NetworkNamespace,
            NoCapabilities, ProcessNamespace, ReadOnlyRoot, ResourceLimits, SystemCallFilter,
            UnprivilegedUser, UtsNamespace,
        };
        match self {
            Self::None => BTreeSet::new(),
            Self::Filtered => BTreeSet::from([
                EmptyEnvironment,
                ClosedDescriptors,
                NoCapabilities,
                Landlock,
                SystemCallFilter,
                ResourceLimits,
            ]),
            Self::Isolated => {
                let mut layers = Self::Filtered.layers();
                layers.extend([
                    UnprivilegedUser,
                    ReadOnlyRoot,
                    ProcessNamespace,
                    NetworkNamespace,
                    IpcNamespace,
                    UtsNamespace,
                ]);
                layers
            }
            Self::Complete => Layer::ALL.into_iter().collect(),
        }
    }

    /// The name that configuration and messages use.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Filtered => "filtered",
            Self::Isolated => "isolated",
            Self::Complete => "complete",
        }
    }
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Which layers stand, and why the others do not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// The layers that stand.
    pub reached: BTreeSet<Layer>,
    /// The others, each with the reason.
    pub missing: BTreeMap<Layer, String>,
}

impl Confinement {
    /// The highest level whose layers all stand.
    pub fn level(&self) -> SandboxLevel {
        let stands = |level: &SandboxLevel| level.layers().is_subset(&self.reached);
        SandboxLevel::ALL.into_iter().rev().find(stands).unwrap_or(SandboxLevel::None)
    }

    /// The layers that a level needs and that do not stand, each with the reason.
    pub fn lacks(&self, level: SandboxLevel) -> BTreeMap<Layer, String> {
        let absent = level.layers().into_iter().filter(|layer| !self.reached.contains(layer));
        absent
            .map(|layer| {
                let why = self.missing.get(&layer).cloned();
                (layer, why.unwrap_or_else(|| "it was not set up".to_owned()))
            })
            .collect()
    }

    /// Notes how setting a layer up ended.
    pub(super) fn note(&mut self, layer: Layer, result: Result<(), String>) {
        match result {
            Ok(()) => {
                self.reached.insert(layer);
            }
            Err(why) => {
                self.missing.insert(layer, why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_holds_the_one_before() {
        for pair in SandboxLevel::ALL.windows(2) {
            assert!(pair[0].layers().is_subset(&pair[1].layers()), "{pair:?}");
            assert_ne!(pair[0].layers(), pair[1].layers());
        }
    }

    #[test]
    fn a_level_is_reached_only_with_all_its_layers() {
        let mut all = Confinement::default();
        for layer in Layer::ALL {
            all.note(layer, Ok(()));
        }
        assert_eq!(all.level(), SandboxLevel::Complete);
        for layer in Layer::ALL {
            let mut without = all.clone();
            without.reached.remove(&layer);
            assert!(without.level() < SandboxLevel::Complete, "{layer}");
            assert_eq!(without.lacks(SandboxLevel::Complete).len(), 1, "{layer}");
        }
    }
}
