//! A project's page on the simple index: JSON as PEP 691 says, or HTML as PEP 503 says.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use artifact::{Sha256, Timestamp};
use pep440_rs::Version;
use serde::Deserialize;

use crate::version::normalised;

/// One file of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexFile {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) sha256: Option<Sha256>,
    pub(crate) yanked: Option<String>,
    pub(crate) uploaded_at: Option<Timestamp>,
    pub(crate) version: Version,
    pub(crate) kind: IndexFileKind,
}

/// What a file of a project is, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IndexFileKind {
    Sdist,
    Wheel { tags: String },
}

#[derive(Deserialize)]
struct JsonPage {
    #[serde(default)]
    files: Vec<JsonFile>,
}

#[derive(Deserialize)]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    yanked: serde_json::Value,
    #[serde(default, rename = "upload-time")]
    upload_time: Option<String>,
}

/// The files on a page that belong to this project and can be read; others are left out.
pub(crate) fn parse_page(
    project: &str,
    address: &str,
    content_type: &str,
    text: &str,
) -> Result<Vec<IndexFile>, String> {
    let mut files = if content_type.contains("json") {
        json_files(project, address, text)?
    } else {
        html_files(project, address, text)
    };
    files.sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.name.cmp(&b.name)));
    Ok(files)
}

fn json_files(project: &str, address: &str, text: &str) -> Result<Vec<IndexFile>, String> {
    let page: JsonPage =
        serde_json::from_str(text).map_err(|error| format!("its answer is no JSON: {error}"))?;
    let read = |file: JsonFile| {
        let (version, kind) = of_name(project, &file.filename)?;
        let hash = file.hashes.get("sha256").map(|hex| format!("sha256:{}", hex.to_lowercase()));
        Some(IndexFile {
            address: join_address(address, &file.url)?,
            sha256: hash.and_then(|hash| hash.parse().ok()),
            yanked: match file.yanked {
                serde_json::Value::Bool(true) => Some(String::new()),
                serde_json::Value::String(reason) => Some(reason),
                _ => None,
            },
            uploaded_at: file.upload_time.and_then(|time| time.parse().ok()),
            name: file.filename,
            version,
            kind,
        })
    };
    Ok(page.files.into_iter().filter_map(read).collect())
}

fn html_files(project: &str, address: &str, text: &str) -> Vec<IndexFile> {
    let mut files = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("<a").or_else(|| rest.find("<A")) {
        rest = &rest[start + 2..];
        if !rest.starts_with(|c: char| c.is_ascii_whitespace()) {
            continue;
        }
        let Some((attributes, after)) = anchor_attributes(rest) else { break };
        rest = after;
        let Some(href) = attributes.get("href") else { continue };
        let (link, fragment) = href.split_once('#').unwrap_or((href, ""));
        let Some(full) = join_address(address, link) else { continue };
        let last = full.split(['?']).next().unwrap_or(&full).rsplit('/').next();
        let name = unescape_percent(last.unwrap_or_default());
        let Some((version, kind)) = of_name(project, &name) else { continue };
        let sha256 = fragment
            .split('&')
            .find_map(|part| part.strip_prefix("sha256="))
            .and_then(|hex| format!("sha256:{}", hex.to_lowercase()).parse().ok());
        files.push(IndexFile {
            name,
            address: full,
            sha256,
            yanked: attributes.get("data-yanked").cloned(),
            uploaded_at: None,
            version,
            kind,
        });
    }
    files
}

/// The attributes of a tag whose name was read, and what follows after its `>`.
fn anchor_attributes(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut attributes = BTreeMap::new();
    let mut rest = text.trim_start();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((attributes, after));
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>'))?;
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            (value, rest) = match after.chars().next()? {
                quote @ ('"' | '\'') => after[1..].split_once(quote)?,
                _ => after.split_at(after.find(|c: char| c.is_ascii_whitespace() || c == '>')?),
            };
        } else if end == 0 {
            return None;
        }
        attributes.insert(name, unescape_entities(value));
    }
}

fn unescape_entities(text: &str) -> String {
    const ENTITIES: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#43;", "+"),
        ("&amp;", "&"),
    ];
    let mut out = text.to_owned();
    for (entity, plain) in ENTITIES {
        out = out.replace(entity, plain);
    }
    out
}

fn unescape_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        let code = text.get(position + 1..position + 3).filter(|_| byte == b'%');
        if let Some(decoded) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            out.push(decoded);
            position += 3;
        } else {
            out.push(byte);
            position += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An address found on a page, made complete.
pub(crate) fn join_address(page: &str, link: &str) -> Option<String> {
    let scheme_end = page.find("://")?;
    let host_end =
        page[scheme_end + 3..].find('/').map_or(page.len(), |position| scheme_end + 3 + position);
    if link.starts_with("http://") || link.starts_with("https://") {
        return Some(link.to_owned());
    }
    if link.contains("://") {
        return None;
    }
    if let Some(rest) = link.strip_prefix("//") {
        return Some(format!("{}://{rest}", &page[..scheme_end]));
    }
    let origin = &page[..host_end];
    if link.starts_with('/') {
        return Some(format!("{origin}{link}"));
    }
    let path = page[host_end..].split(['?', '#']).next().unwrap_or_default();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    Some(format!("{origin}/{}", parts.join("/")))
}

/// Version and kind of a file by its name, when it is a file of this project that can be read.
fn of_name(project: &str, name: &str) -> Option<(Version, IndexFileKind)> {
    if name.contains(['/', '\\']) || name.len() > 400 {
        return None;
    }
    if let Some(stem) = name.strip_suffix(".whl") {
        let mut parts = stem.splitn(3, '-');
        let (distribution, version, tags) = (parts.next()?, parts.next()?, parts.next()?);
        if normalised(distribution) != normalised(project) {
            return None;
        }
        let version = Version::from_str(version).ok()?;
        return Some((version, IndexFileKind::Wheel { tags: tags.to_owned() }));
    }
    let stem = [".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    // The project's name may hold dashes, and so may old versions: every dash may be the one
    // between them.
    stem.match_indices('-').find_map(|(position, _)| {
        let (head, version) = (&stem[..position], &stem[position + 1..]);
        let fits = normalised(head) == normalised(project);
        let version = Version::from_str(version).ok().filter(|_| fits)?;
        Some((version, IndexFileKind::Sdist))
    })
}

/// How well a wheel fits, the best first: pure ones, then those for Linux on x86-64, then any
/// other.
pub(crate) fn wheel_rank(tags: &str) -> (u8, std::cmp::Reverse<u32>, usize, String) {
    let platform = tags.rsplit('-').next().unwrap_or_default();
    let class = match platform {
        "any" => 0,
        p if p.contains("manylinux") && p.contains("x86_64") => 1,
        p if p.contains("linux") && p.contains("x86_64") => 2,
        p if p.contains("linux") => 3,
        _ => 4,
    };
    // The newest Python; stable interfaces before those of one version, and those without threads
    // last.
    let python = tags
        .split(['-', '.'])
        .filter_map(|tag| tag.strip_prefix("cp").or_else(|| tag.strip_prefix("py")))
        .filter_map(|digits| digits.trim_end_matches('t').parse::<u32>().ok())
        .max()
        .unwrap_or(0);
    (class, std::cmp::Reverse(python), tags.len(), tags.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://index.example/simple/my-lib/";

    #[test]
    fn both_forms_of_a_page_say_the_same() {
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let html = format!(
            "<!DOCTYPE html><html><body>\n\
             <a href=\"../../files/my_lib-1.0-py3-none-any.whl#sha256={hash}\" \
             data-requires-python=\"&gt;=3.8\">my_lib-1.0-py3-none-any.whl</a><br/>\n\
             <a data-yanked=\"broken &amp; gone\" href='/files/My-Lib-0.9.tar.gz'>x</a>\n\
             <abbr>no</abbr><a href=\"other-1.0.tar.gz\">other</a></body>"
        );
        let json = format!(
            r#"{{"meta": {{"api-version": "1.0"}}, "name": "my-lib", "files": [
              {{"filename": "my_lib-1.0-py3-none-any.whl",
                "url": "../../files/my_lib-1.0-py3-none-any.whl",
                "hashes": {{"sha256": "{hash}"}}}},
              {{"filename": "My-Lib-0.9.tar.gz", "url": "/files/My-Lib-0.9.tar.gz", "hashes": {{}},
                "yanked": "broken & gone"}},
              {{"filename": "other-1.0.tar.gz", "url": "x", "hashes": {{}}}}]}}"#
        );
        let from_html = parse_page("My.Lib", PAGE, "text/html", &html).expect("a page");
        let from_json = parse_page("my-lib", PAGE, "application/json", &json).expect("a page");
        assert_eq!(from_html, from_json);
        let names: Vec<_> = from_json.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["My-Lib-0.9.tar.gz", "my_lib-1.0-py3-none-any.whl"]);
        assert_eq!(from_json[0].yanked.as_deref(), Some("broken & gone"));
        assert!(from_json[1].address.starts_with("https://index.example/files/"));
        assert_eq!(from_json[1].sha256.map(|hash| hash.hex()).as_deref(), Some(hash));
    }

    #[test]
    fn the_best_wheel_comes_first() {
        let mut tags = [
            "cp312-cp312-macosx_11_0_arm64",
            "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64",
            "cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64",
            "py3-none-any",
            "cp312-cp312-musllinux_1_2_x86_64",
        ];
        tags.sort_by_key(|tags| wheel_rank(tags));
        assert_eq!(tags[0], "py3-none-any");
        assert!(tags[1].starts_with("cp312-cp312-manylinux"));
        assert!(tags[2].starts_with("cp39"));
        assert!(tags[4].contains("macosx"));
    }

    #[test]
    fn hostile_pages_do_not_stop_the_reader() {
        for text in ["<a", "<a href", "<a href=", "<a href=\"", "<a =>", "<a href=x", "<a\u{e9}"] {
            assert_eq!(parse_page("x", PAGE, "text/html", text), Ok(Vec::new()), "{text:?}");
        }
        assert!(parse_page("x", PAGE, "application/json", "[").is_err());
        assert_eq!(join_address(PAGE, "file:///etc/passwd"), None);
    }
}
