//! From a raw score and the kinds of evidence behind it to the probability of being right.
