//! A version of a code base as a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::{Digest, Finding, FormatName, Sha256, Timestamp, TreePath};
use schemars::JsonSchema;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::forward::ForwardingBody;
use crate::hint::Hint;
use crate::signature::Signature;
use crate::{DottedName, NameMap};

/// The format of `snapshot_{from,to}.json`.
pub const SNAPSHOT_FORMAT: FormatName = FormatName { name: "snapshot", version: 1 };

/// Everything that onx knows about one version of a library.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// Always `onx/snapshot/1`.
    pub format: String,
    /// Where the version came from.
    pub origin: Origin,
    /// The importable packages, in order of their names.
    pub roots: Vec<PackageRoot>,
    /// Every file in the tree, by path.
    pub files: BTreeMap<TreePath, FileRecord>,
    /// Every Python module below a root, by its importable name.
    pub modules: NameMap<Module>,
    /// Every symbol, by the dotted name of its definition: module, then qualified name.
    pub symbols: NameMap<Symbol>,
    /// Every name that importing a module makes reachable and that is not a symbol's own definition
    /// path: re-exports, aliases, star imports, entries of lazy tables. Members of classes are not
    /// listed, they follow their class.
    pub aliases: NameMap<Alias>,
    /// Keys of shipped configuration files, settings classes and default tables.
    pub keys: Vec<ConfigurationKey>,
    /// The edges of the symbol graph, sorted.
    pub edges: Vec<Edge>,
    /// What the code itself says about successors of names and arguments.
    pub hints: Vec<Hint>,
    /// What each test outside the packages uses of the library, by the test's own name; tests
    /// inside are symbols. Only comparing two versions needs it: it is handed on in memory and
    /// never written.
    #[serde(skip)]
    #[schemars(skip)]
    pub test_uses: NameMap<Vec<DottedName>>,
    /// Callables whose bodies do nothing but hand on, by the paths of their definitions. Only
    /// comparing two versions needs them: they are handed on in memory and never written.
    #[serde(skip)]
    #[schemars(skip)]
    pub forwards: BTreeMap<DottedName, Vec<ForwardingBody>>,
    /// Functions that decorate others, with the keywords that what they make takes for itself. Only
    /// comparing two versions needs them: they are handed on in memory and never written.
    #[serde(skip)]
    #[schemars(skip)]
    pub wrappers: BTreeMap<DottedName, Vec<Arc<str>>>,
    /// What could not be read or seen.
    pub findings: Vec<Finding>,
    /// BLAKE3 over all content: paths and file digests in order.
    pub checksum: Digest,
}

impl Snapshot {
    /// Whether a path lies in a module that belongs to tests: the innermost module that this
    /// version has decides.
    pub fn is_in_tests(&self, path: &DottedName) -> bool {
        let text = path.as_str();
        // Most paths need no second look: a module of tests is called so.
        (text.contains("test") || text.contains("benchmarks"))
            && std::iter::once(path.clone())
                .chain(path.ancestors())
                .find_map(|module| self.modules.get(&module))
                .is_some_and(|module| module.is_test)
    }
}

/// Where a version came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The library's distribution name, or the name of its first package when it has none.
    pub library: String,
    /// The version as the user named it.
    pub version: String,
    /// The reference that was read: a git ref, `pypi:NAME==VERSION`, or the file name of a folder
    /// or archive.
    pub reference: String,
    /// The commit, when the source is a git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The archive's digest, when the source is an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Sha256>,
    /// When the version was made: the commit's time, else the archive's newest member, else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// A top-level package or module that an installed version makes importable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PackageRoot {
    /// The importable name.
    pub name: DottedName,
    /// The folder or file in the tree, for example `src/package` or `module.py`.
    pub path: TreePath,
}

/// One file of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRecord {
    /// Size in bytes.
    pub size_bytes: u64,
    /// `python`, `yaml`, `toml`, `json`, `ini`, `markdown`, `rst`, `text` or `other`.
    pub lang: Arc<str>,
    /// SHA-256 of the content.
    pub hash: Sha256,
    /// What part of the tree it belongs to.
    pub role: FileRole,
    /// When it last changed, where the source knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<Timestamp>,
}

/// What part a file plays in its tree.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// Below an importable package: what users of the library get.
    Library,
    /// Tests, wherever they lie.
    Test,
    /// Documentation and change logs.
    Documentation,
    /// Examples and benchmarks.
    Example,
    /// Anything else: build files, tools.
    Other,
}

/// One Python module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Module {
    /// The file that defines it; a stub beside a source adds to the source's symbols.
    pub file: TreePath,
    /// Whether it is a package (`__init__`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_package: bool,
    /// The names in `__all__`, when the module has one that can be read statically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exported: Option<Vec<Arc<str>>>,
    /// The names that `__all__` surely holds, when the rest of it is computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exported_partly: Option<Vec<Arc<str>>>,
    /// Names that are there only if the computed `__all__` of a module holds them which is imported
    /// with a star, in order. Nothing shows that they are, so that no access path lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub perhaps: Vec<Arc<str>>,
    /// Why names of this module may exist that were not seen, for example a `__getattr__` without a
    /// table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Arc<str>>,
    /// Whether it belongs to tests, by what it holds, where it lies and who imports it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_test: bool,
    /// The module's docstring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docstring: Option<Arc<str>>,
    /// Whether its own text says that the whole module is deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
}

/// What a symbol is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SymbolKind {
    /// A class.
    Class,
    /// A function outside a class.
    Function,
    /// A function in a class, of any binding.
    Method,
    /// A method read like an attribute.
    Property,
    /// An attribute of a class or its instances.
    Attribute,
    /// A field of a pydantic model, dataclass, attrs class, TypedDict or NamedTuple: attribute and
    /// constructor keyword at once.
    Field,
    /// A member of an enumeration.
    EnumMember,
    /// A module-level variable.
    Constant,
    /// A module-level alias of a type.
    TypeAlias,
}

impl SymbolKind {
    /// Whether a dependent may call it with arguments of its own signature.
    pub fn is_callable(self) -> bool {
        matches!(self, Self::Class | Self::Function | Self::Method)
    }
}

/// One definition in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Symbol {
    /// What it is.
    pub kind: SymbolKind,
    /// The module that defines it.
    pub module: DottedName,
    /// The class it stands in, for members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<DottedName>,
    /// The file that defines it.
    pub file: TreePath,
    /// First and last line, from 1.
    pub lines: (u32, u32),
    /// First and last byte of the whole definition in its file, decorators included.
    pub bytes: (u32, u32),
    /// The signature of a callable; for a class that of its constructor, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// The bases of a class, resolved as far as possible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<DottedName>,
    /// The decorators, resolved as far as possible, without arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decorators: Vec<Arc<str>>,
    /// The docstring, indentation removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docstring: Option<Arc<str>>,
    /// The annotation of a field, attribute or constant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<Arc<str>>,
    /// The source text of a field's, attribute's or constant's value when it is at most 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Arc<str>>,
    /// Who may use it.
    pub stability: Stability,
    /// The version since which it exists, when its documentation says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Arc<str>>,
    /// What its decorators, documentation or body say about its deprecation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
    /// BLAKE3 of the signature, names of parameters included, annotations left out.
    pub signature_hash: ShortHash,
    /// Hash of the definition with its own name blanked, docstrings left out and imported names
    /// resolved: equal for what was moved or renamed unchanged.
    pub shape_hash: ShortHash,
    /// Number of syntax nodes: how much a shape that is equal can prove.
    pub nodes: u32,
    /// What it calls and reads, resolved as far as possible, sorted and unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<DottedName>,
}

impl Symbol {
    /// Whether it is one of several declarations of a callable, which together say how it is
    /// called.
    pub fn is_overload(&self) -> bool {
        self.decorators.iter().any(|decorator| decorator.rsplit('.').next() == Some("overload"))
    }

    /// Whether it is a coroutine function or generator, so that what a call gives must be awaited;
    /// none where decorators or the return type leave it open, and for what is no function.
    pub fn is_awaited(&self) -> Option<bool> {
        const KEEPING: [&str; 6] =
            ["staticmethod", "classmethod", "abstractmethod", "override", "final", "overload"];
        let keeps = |decorator: &Arc<str>| {
            let leaf = decorator.rsplit('.').next().unwrap_or_default();
            KEEPING.contains(&leaf)
        };
        let signature = self.signature.as_ref()?;
        let is_function = matches!(self.kind, SymbolKind::Function | SymbolKind::Method);
        if !is_function || !self.decorators.iter().all(keeps) {
            return None;
        }
        let may_be_awaited = signature.returns.as_deref().is_some_and(|returned| {
            ["Awaitable", "Coroutine", "Future", "Task", "Deferred", "Async"]
                .iter()
                .any(|word| returned.contains(word))
        });
        (signature.is_async || !may_be_awaited).then_some(signature.is_async)
    }
}

/// The first sixteen hexadecimal digits of a BLAKE3 digest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct ShortHash(pub u64);

impl From<ShortHash> for String {
    fn from(hash: ShortHash) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = Self::with_capacity(23);
        text.push_str("blake3:");
        for shift in (0..16).rev() {
            text.push(char::from(DIGITS[(hash.0 >> (4 * shift)) as usize & 15]));
        }
        text
    }
}

impl TryFrom<String> for ShortHash {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.strip_prefix("blake3:")
            .filter(|digits| digits.len() == 16)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(Self)
            .ok_or_else(|| {
                format!("`{}` is no short hash", text.chars().take(40).collect::<String>())
            })
    }
}

/// Who may use a symbol.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stability {
    /// Reachable through public names only.
    PublicApi,
    /// Marked experimental, provisional or beta by its documentation or decorators.
    Experimental,
    /// Private by its name, its module or `__all__`.
    Internal,
}

/// What the code says about something being deprecated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub struct Deprecation {
    /// The message or directive, as written, white space folded.
    pub message: Arc<str>,
    /// The version that deprecated it, when said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Arc<str>>,
}

impl Serialize for Deprecation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { message, since } = self;
        if !serializer.is_human_readable() {
            return (message, since).serialize(serializer);
        }
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("message", message)?;
        if since.is_some() {
            fields.serialize_entry("since", since)?;
        }
        fields.end()
    }
}

/// A name that reaches something defined elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Alias {
    /// The definition it finally reaches: a symbol, a module, or a name outside the library.
    pub target: DottedName,
    /// How it gets there.
    pub route: AliasRoute,
    /// Whether the name is meant for users: listed in `__all__`, or without `__all__` imported into
    /// a package's `__init__` from the library itself, and public by name.
    pub public: bool,
}

/// How an alias comes to be.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AliasRoute {
    /// `from x import y`, `import x`.
    Import,
    /// `from x import *`.
    StarImport,
    /// `Old = New`.
    Assignment,
    /// An entry of a lazy `__getattr__` table.
    LazyTable,
    /// Only reached when a condition holds: `TYPE_CHECKING`, `try/except ImportError`, a version
    /// check.
    Conditional,
}

/// One key of configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ConfigurationKey {
    /// The table, class or file that holds it: a dotted name of the library or a path in the tree.
    pub holder: Arc<str>,
    /// The key; nested keys are joined with dots.
    pub key: Arc<str>,
    /// `string`, `integer`, `float`, `boolean`, `null`, `list`, `table` or `expression`.
    pub value_type: Arc<str>,
    /// The default as source text when it is at most 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Arc<str>>,
}

/// One edge of the symbol graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// Where it starts: a module or symbol.
    pub source_fq: DottedName,
    /// Where it ends, inside the library or outside.
    pub target_fq: DottedName,
    /// What it says.
    pub edge_type: EdgeKind,
}

/// What an edge says.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// A module imports a module or symbol.
    Imports,
    /// A class has a base.
    Inherits,
    /// A callable calls a callable.
    Calls,
    /// A module makes a symbol of another reachable.
    Exports,
}
