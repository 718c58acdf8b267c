//! Patterns of paths, and names of roles as names of files.

/// The name of a role as a part of a file name: everything but letters, digits and `_.-~` is
/// written as `%` and two digits, as URLs do it.
pub fn quoted(role: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte);
    role.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Whether a path fits a pattern: `*` stands for any characters of one part, `?` for one of them.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) => {
                let [pattern, part]: [Vec<char>; 2] =
                    [pattern, part].map(|it| it.chars().collect());
                if !matches_part(&pattern, &part) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// Goes back only to the last `*`, so that no pattern takes longer than both lengths multiplied.
fn matches_part(pattern: &[char], part: &[char]) -> bool {
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < part.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&sign) if sign == '?' || sign == part[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((position, from)) = star else { return false };
                star = Some((position, from + 1));
                (at, seen) = (position + 1, from + 1);
            }
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_its_part() {
        for (pattern, path, fits) in [
            ("a/*/*/entry.json", "a/b/c/entry.json", true),
            ("a/*/*/entry.json", "a/b/entry.json", false),
            ("a/*", "a/b/c", false),
            ("*", "a", true),
            ("*", "a/b", false),
            ("", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*.tar.gz", "x.tar.tar.gz", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXb", false),
            ("A/*", "a/b", false),
            ("**", "a", true),
        ] {
            assert_eq!(matches(pattern, path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn names_of_roles_are_names_of_files() {
        assert_eq!(quoted("core_migrations"), "core_migrations");
        assert_eq!(quoted("../x"), "..%2Fx");
        assert_eq!(quoted("?#ä"), "%3F%23%C3%A4");
    }
}
