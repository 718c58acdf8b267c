//! Values by dotted name, in order of the names and quick to look up.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use indexmap::map::{IntoIter, Iter, Keys, Values, ValuesMut};
use rustc_hash::FxBuildHasher;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::DottedName;

/// A map from dotted names that is always in order of the names.
///
/// A version has hundreds of thousands of names with long common beginnings, and each is looked up
/// many times. Looking one up compares one name, where an ordered tree compares twenty; adding one
/// to a map that is complete moves what stands behind it, so that maps are collected from all their
/// entries at once.
#[derive(Clone, PartialEq, Eq)]
pub struct NameMap<V> {
    entries: IndexMap<DottedName, V, FxBuildHasher>,
}

impl<V> NameMap<V> {
    /// A map without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a name.
    pub fn get(&self, name: &DottedName) -> Option<&V> {
        self.entries.get(name)
    }

    /// The value of a name, to be changed.
    pub fn get_mut(&mut self, name: &DottedName) -> Option<&mut V> {
        self.entries.get_mut(name)
    }

    /// The entry of a name, with the map's own copy of the name.
    pub fn get_key_value(&self, name: &DottedName) -> Option<(&DottedName, &V)> {
        self.entries.get_key_value(name)
    }

    /// Whether the name has a value.
    pub fn contains_key(&self, name: &DottedName) -> bool {
        self.entries.contains_key(name)
    }

    /// Gives a name a value and returns the one that it had.
    pub fn insert(&mut self, name: DottedName, value: V) -> Option<V> {
        match self.entries.binary_search_keys(&name) {
            Ok(at) => self.entries.get_index_mut(at).map(|(_, old)| std::mem::replace(old, value)),
            Err(at) => self.entries.shift_insert(at, name, value),
        }
    }

    /// All entries in order.
    pub fn iter(&self) -> Iter<'_, DottedName, V> {
        self.entries.iter()
    }

    /// The entries below a name, without its own: those whose names begin with it and a dot.
    pub fn below(&self, name: &DottedName) -> impl Iterator<Item = (&DottedName, &V)> {
        let prefix = format!("{name}.");
        let start = self.entries.partition_point(|other, _| *other.as_str() < *prefix);
        self.entries[start..]
            .iter()
            .take_while(move |(other, _)| other.as_str().starts_with(&prefix))
    }

    /// All names in order.
    pub fn keys(&self) -> Keys<'_, DottedName, V> {
        self.entries.keys()
    }

    /// All values in order of their names.
    pub fn values(&self) -> Values<'_, DottedName, V> {
        self.entries.values()
    }

    /// All values in order of their names, to be changed.
    pub fn values_mut(&mut self) -> ValuesMut<'_, DottedName, V> {
        self.entries.values_mut()
    }

    /// How many names have a value.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no name has a value.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<V> Default for NameMap<V> {
    fn default() -> Self {
        Self { entries: IndexMap::default() }
    }
}

impl<V: fmt::Debug> fmt::Debug for NameMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// Of entries with the same name the last one counts.
impl<V> FromIterator<(DottedName, V)> for NameMap<V> {
    fn from_iter<I: IntoIterator<Item = (DottedName, V)>>(entries: I) -> Self {
        let mut given: Vec<Option<(DottedName, V)>> = entries.into_iter().map(Some).collect();
        let name = |at: &u32| given[*at as usize].as_ref().map(|(name, _)| name);
        // Values are large; only their numbers are moved while sorting.
        let mut order: Vec<u32> = (0..given.len() as u32).collect();
        order.sort_by(|a, b| name(a).cmp(&name(b)));
        let mut entries = IndexMap::with_capacity_and_hasher(given.len(), FxBuildHasher);
        for at in order {
            entries.extend(given[at as usize].take());
        }
        Self { entries }
    }
}

impl<V> IntoIterator for NameMap<V> {
    type Item = (DottedName, V);
    type IntoIter = IntoIter<DottedName, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a, V> IntoIterator for &'a NameMap<V> {
    type Item = (&'a DottedName, &'a V);
    type IntoIter = Iter<'a, DottedName, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.iter()
    }
}

impl<V> std::ops::Index<&DottedName> for NameMap<V> {
    type Output = V;
    fn index(&self, name: &DottedName) -> &V {
        &self.entries[name]
    }
}

impl<V: Serialize> Serialize for NameMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for NameMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
    type Value = NameMap<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from dotted names")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<NameMap<V>, M::Error> {
        std::iter::from_fn(|| map.next_entry().transpose()).collect()
    }
}

impl<V: JsonSchema> JsonSchema for NameMap<V> {
    fn inline_schema() -> bool {
        BTreeMap::<DottedName, V>::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        BTreeMap::<DottedName, V>::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        BTreeMap::<DottedName, V>::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<DottedName, V>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DottedName {
        DottedName::new(text).expect("a dotted name of the test")
    }

    #[test]
    fn entries_stand_in_order_of_their_names_however_they_come() {
        let given = [("b", 1), ("a.c", 2), ("a", 3), ("b", 4), ("a.b", 5)];
        let mut map: NameMap<i32> =
            given.into_iter().map(|(key, value)| (name(key), value)).collect();
        let entries = |map: &NameMap<i32>| -> Vec<(String, i32)> {
            map.iter().map(|(key, value)| (key.to_string(), *value)).collect()
        };
        let expected = |all: &[(&str, i32)]| -> Vec<(String, i32)> {
            all.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
        };
        assert_eq!(entries(&map), expected(&[("a", 3), ("a.b", 5), ("a.c", 2), ("b", 4)]));
        assert_eq!(map.insert(name("a.bb"), 6), None);
        assert_eq!(map.insert(name("b"), 7), Some(4));
        let all = [("a", 3), ("a.b", 5), ("a.bb", 6), ("a.c", 2), ("b", 7)];
        assert_eq!(entries(&map), expected(&all));
        let text = serde_json::to_string(&map).expect("JSON");
        assert_eq!(text, r#"{"a":3,"a.b":5,"a.bb":6,"a.c":2,"b":7}"#);
        assert_eq!(serde_json::from_str::<NameMap<i32>>(&text).expect("a map"), map);
        assert_eq!(map.get(&name("a.bb")), Some(&6));
        assert_eq!(map.get(&name("a.d")), None);
        let below =
            |outer: &str| map.below(&name(outer)).map(|(_, value)| *value).collect::<Vec<_>>();
        assert_eq!(below("a"), [5, 6, 2]);
        assert_eq!(below("a.b"), [0; 0]);
        assert_eq!(below("c"), [0; 0]);
    }
}
