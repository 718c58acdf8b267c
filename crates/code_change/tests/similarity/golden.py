"""Write golden values of document similarity; made with scikit-learn's TfidfVectorizer in its default settings."""

import json
import pathlib

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

PAIRS = [
    ("Return the mean.", "Return the mean."),
    ("Return the mean of the values.", "Give the arithmetic mean of all values."),
    ("Open a file for reading.", "Close the connection to the server."),
    ("One two three two", "one TWO four"),
    ("Größe der Datei in Bytes", "Größe des Ordners in Bytes"),
    ("a b c d", "a b c d"),
    ("read_text(path, encoding) reads", "read_text(path, codec) reads"),
    ("x", ""),
    ("Parameters\n----------\nx : array_like\n    Input array.", "Parameters\n----------\ny : array_like\n    Input."),
]


def levenshtein_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def calculate_docstring_similarity(doc_a, doc_b):
    if not doc_a or not doc_b:
        return 0.0
    exact_sim = 1.0 - levenshtein_distance(doc_a, doc_b) / max(len(doc_a), len(doc_b))
    try:
        tfidf = TfidfVectorizer().fit_transform([doc_a, doc_b])
    except ValueError:  # No token of two characters in either text.
        return exact_sim * 0.3
    return exact_sim * 0.3 + cosine_similarity(tfidf[0:1], tfidf[1:2])[0][0] * 0.7


golden = [[a, b, float(calculate_docstring_similarity(a, b))] for a, b in PAIRS]
target = pathlib.Path(__file__).parent / "golden.json"
target.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
