//! `graph_from.json` and `graph_to.json`: the symbol graph with the fields of its published form.

use std::io::{self, Write};

use code_model::DottedName;
use code_model::snapshot::{Edge, EdgeKind, Snapshot, Stability, Symbol, SymbolKind};
use schemars::JsonSchema;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};

/// A symbol graph as it is written; reading gives the same shape with owned texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SymbolGraph {
    /// Every symbol, by its fully qualified name.
    pub nodes: std::collections::BTreeMap<DottedName, SymbolNode>,
    /// What is connected with what.
    pub edges: Vec<SymbolEdge>,
    /// The symbols that users may reach.
    pub entry_points: Vec<DottedName>,
}

/// A node of the symbol graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SymbolNode {
    /// The fully qualified name.
    pub fq_name: String,
    /// `class`, `function`, `method` or `variable`.
    pub kind: String,
    /// The module that defines it.
    pub module: String,
    /// The file that defines it.
    pub file_path: String,
    /// First line, from 1.
    pub line_start: u32,
    /// Last line.
    pub line_end: u32,
    /// Hash of the signature.
    pub signature_hash: String,
    /// The docstring.
    pub docstring: Option<String>,
    /// What else is known.
    pub metadata: NodeMetadata,
}

/// What else is known of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeMetadata {
    /// The exact kind, where `kind` has only `variable` or `method`.
    pub exact_kind: String,
    /// Who may use it.
    pub stability: Stability,
    /// Whether it is deprecated.
    pub deprecated: bool,
}

/// An edge of the symbol graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SymbolEdge {
    /// Where it starts.
    pub source_fq: DottedName,
    /// Where it ends.
    pub target_fq: DottedName,
    /// `imports`, `inherits`, `calls` or `exports`.
    pub edge_type: EdgeKind,
    /// Nothing yet; part of the published form.
    pub metadata: EdgeMetadata,
}

/// What else is known of an edge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeMetadata {}

/// Writes the graph of a snapshot as JSON, without building it in memory.
pub fn write_graph(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    super::values::write_line(&Graph(snapshot), out)
}

struct Graph<'a>(&'a Snapshot);
struct Nodes<'a>(&'a Snapshot);
struct Edges<'a>(&'a [Edge]);
struct EntryPoints<'a>(&'a Snapshot);

impl Serialize for Graph<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("nodes", &Nodes(self.0))?;
        map.serialize_entry("edges", &Edges(&self.0.edges))?;
        map.serialize_entry("entry_points", &EntryPoints(self.0))?;
        map.end()
    }
}

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Node<'a> {
            fq_name: &'a str,
            kind: &'static str,
            module: &'a str,
            file_path: &'a str,
            line_start: u32,
            line_end: u32,
            signature_hash: String,
            docstring: Option<&'a str>,
            metadata: NodeMetadataView,
        }
        #[derive(Serialize)]
        struct NodeMetadataView {
            exact_kind: &'static str,
            stability: Stability,
            deprecated: bool,
        }
        let mut map = serializer.serialize_map(Some(self.0.symbols.len()))?;
        for (name, symbol) in &self.0.symbols {
            let node = Node {
                fq_name: name.as_str(),
                kind: coarse_kind(symbol),
                module: symbol.module.as_str(),
                file_path: symbol.file.as_str(),
                line_start: symbol.lines.0,
                line_end: symbol.lines.1,
                signature_hash: symbol.signature_hash.into(),
                docstring: symbol.docstring.as_deref(),
                metadata: NodeMetadataView {
                    exact_kind: super::tree::kind_name(symbol.kind),
                    stability: symbol.stability,
                    deprecated: symbol.deprecated.is_some(),
                },
            };
            map.serialize_entry(name.as_str(), &node)?;
        }
        map.end()
    }
}

impl Serialize for Edges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct View<'a> {
            source_fq: &'a str,
            target_fq: &'a str,
            edge_type: EdgeKind,
            metadata: EdgeMetadata,
        }
        let mut sequence = serializer.serialize_seq(Some(self.0.len()))?;
        for edge in self.0 {
            sequence.serialize_element(&View {
                source_fq: edge.source_fq.as_str(),
                target_fq: edge.target_fq.as_str(),
                edge_type: edge.edge_type,
                metadata: EdgeMetadata {},
            })?;
        }
        sequence.end()
    }
}

impl Serialize for EntryPoints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let public = |(_, symbol): &(&DottedName, &Symbol)| {
            symbol.parent.is_none() && symbol.stability == Stability::PublicApi
        };
        serializer.collect_seq(self.0.symbols.iter().filter(public).map(|(name, _)| name.as_str()))
    }
}

fn coarse_kind(symbol: &Symbol) -> &'static str {
    match symbol.kind {
        SymbolKind::Class => "class",
        SymbolKind::Function => "function",
        SymbolKind::Method | SymbolKind::Property => "method",
        SymbolKind::Attribute
        | SymbolKind::Field
        | SymbolKind::EnumMember
        | SymbolKind::Constant
        | SymbolKind::TypeAlias => "variable",
    }
}
