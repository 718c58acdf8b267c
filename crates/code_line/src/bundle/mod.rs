//! The files of a bundle: what `generate` writes and `apply` reads.

mod archive;
mod content;
mod folder;
mod graph;
mod load;
mod stamps;
mod stubs;
mod tree;
mod tree_document;
mod values;

pub use content::{Content, Parts};
pub use folder::{BUNDLE_FILE_LIMIT_BYTES, BundleFolder, name};
pub use graph::{EdgeMetadata, NodeMetadata, SymbolEdge, SymbolGraph, SymbolNode, write_graph};
pub use load::{LoadedManifest, load_manifest};
pub(crate) use load::{read_named, read_snapshot};
pub use stamps::{ExportStamp, FileStamp, Stamps, stamps, write_stamps};
pub(crate) use stubs::StubStore;
pub use tree::write_tree;
pub use tree_document::{TreeDocument, TreeFile, TreeMetadata, TreeSymbol};
pub use values::{write_differences, write_snapshot};

/// The name and version that written files carry.
pub const GENERATOR: &str = concat!("onx/", env!("CARGO_PKG_VERSION"));
