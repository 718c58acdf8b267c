//! Similarity of texts and names.

use std::collections::BTreeMap;

/// Docstrings longer than this are compared by their beginning.
const TEXT_LIMIT_CHARS: usize = 4000;

/// 0.3 × Levenshtein + 0.7 × cosine of the TF-IDF vectors of the two texts; 0 when either is empty.
pub fn doc_similarity(a: &str, b: &str) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let cut = |text: &str| text.chars().take(TEXT_LIMIT_CHARS).collect::<Vec<char>>();
    let (a_chars, b_chars) = (cut(a), cut(b));
    let longer = a_chars.len().max(b_chars.len());
    let distance = rapidfuzz::distance::levenshtein::distance(
        a_chars.iter().copied(),
        b_chars.iter().copied(),
    );
    let exact = 1.0 - distance as f64 / longer as f64;
    0.3 * exact + 0.7 * tf_idf_cosine(a, b)
}

/// Cosine of two texts' TF-IDF vectors over a corpus of just the two: tokens of at least two word
/// characters in lower case, raw counts, smoothed inverse document frequency, Euclidean norm.
fn tf_idf_cosine(a: &str, b: &str) -> f64 {
    let (a, b) = (token_counts(a), token_counts(b));
    // ln((1 + documents) / (1 + documents with the token)) + 1, with two documents.
    let rare = (3.0_f64 / 2.0).ln() + 1.0;
    let weight = |counts: &BTreeMap<String, u32>, other: &BTreeMap<String, u32>| -> f64 {
        counts
            .iter()
            .map(|(token, count)| {
                let idf = if other.contains_key(token) { 1.0 } else { rare };
                (f64::from(*count) * idf).powi(2)
            })
            .sum::<f64>()
            .sqrt()
    };
    let norms = weight(&a, &b) * weight(&b, &a);
    if norms == 0.0 {
        return 0.0;
    }
    let product: f64 = a
        .iter()
        .filter_map(|(token, count)| Some(f64::from(*count) * f64::from(*b.get(token)?)))
        .sum();
    product / norms
}

fn token_counts(text: &str) -> BTreeMap<String, u32> {
    let lower = text.to_lowercase();
    let mut counts = BTreeMap::new();
    for token in lower.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        if token.chars().nth(1).is_some() {
            *counts.entry(token.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// The words of an identifier in lower case: `assertQuerySetEqual` and `assert_query_set_equal`
/// have the same.
pub(crate) fn words(identifier: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous_lower = false;
    let characters: Vec<char> = identifier.chars().collect();
    for (position, character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            previous_lower = false;
            words.push(String::new());
            continue;
        }
        let next_lower = characters.get(position + 1).is_some_and(|next| next.is_lowercase());
        let starts = character.is_uppercase() && (previous_lower || next_lower);
        if starts || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
        previous_lower = !character.is_uppercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// How alike two identifiers are, 0 to 1: letters and words, case and underscores left out.
pub(crate) fn name_similarity(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (a_words, b_words) = (words(a), words(b));
    let (a_joined, b_joined) = (a_words.concat(), b_words.concat());
    if a_joined.is_empty() || b_joined.is_empty() {
        return 0.0;
    }
    if a_joined == b_joined {
        return 0.98;
    }
    let longer = a_joined.chars().count().max(b_joined.chars().count());
    let distance = rapidfuzz::distance::levenshtein::distance(a_joined.chars(), b_joined.chars());
    let letters = 1.0 - distance as f64 / longer as f64;
    let common = a_words.iter().filter(|word| b_words.contains(word)).count();
    let shared = common as f64 / a_words.len().max(b_words.len()) as f64;
    letters.max(0.4 * letters + 0.6 * shared)
}

/// Share of what two sorted lists have in common, 0 to 1; none when both are empty.
pub(crate) fn overlap<T: Ord>(a: &[T], b: &[T]) -> Option<f64> {
    if a.is_empty() && b.is_empty() {
        return None;
    }
    let (mut i, mut j, mut common) = (0, 0, 0_usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                (i, j, common) = (i + 1, j + 1, common + 1);
            }
        }
    }
    Some(common as f64 / (a.len() + b.len() - common) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_values_of_document_similarity() {
        let golden: Vec<(String, String, f64)> =
            serde_json::from_str(include_str!("../tests/similarity/golden.json"))
                .expect("the golden values");
        assert!(golden.len() > 6);
        for (a, b, expected) in golden {
            let found = doc_similarity(&a, &b);
            assert!((found - expected).abs() < 1e-9, "{a:?} {b:?}: {found} instead of {expected}");
        }
    }

    #[test]
    fn identifiers_fall_into_words() {
        for (identifier, expected) in [
            ("assertQuerySetEqual", "assert query set equal"),
            ("HTTPServerError", "http server error"),
            ("_read_JSON_v2", "read json v2"),
            ("x", "x"),
        ] {
            assert_eq!(words(identifier).join(" "), expected);
        }
        assert!(name_similarity("assertQuerysetEqual", "assertQuerySetEqual") > 0.95);
        assert!(name_similarity("n_iter", "max_iter") > 0.5);
        assert!(name_similarity("alpha", "zzz") < 0.3);
    }
}
