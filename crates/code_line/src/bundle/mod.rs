//! The files of a bundle: what `generate` writes and `apply` reads.

mod graph;
mod stamps;
mod tree;
mod tree_document;

pub use graph::{EdgeMetadata, NodeMetadata, SymbolEdge, SymbolGraph, SymbolNode, write_graph};
pub use stamps::{ExportStamp, FileStamp, Stamps, stamps, write_stamps};
pub use tree::write_tree;
pub use tree_document::{TreeDocument, TreeFile, TreeMetadata, TreeSymbol};

/// The name and version that written files carry.
pub const GENERATOR: &str = concat!("onx/", env!("CARGO_PKG_VERSION"));
