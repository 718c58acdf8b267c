//! An index on the loopback interface stands in for the real one.

#![expect(
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Cursor, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use artifact::{Sha256, Timestamp};
use host::{Environment, SimulatedClock, UserFolders};
use sources::{SourceContext, SourceError, SourceSpec};

#[derive(Clone, Default)]
struct Answer {
    content_type: &'static str,
    body: Vec<u8>,
}

/// Answers paths with what it was given, and remembers what was asked.
struct Index {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(pages: impl FnOnce(&str) -> BTreeMap<String, Answer>) -> Index {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let pages = pages(&address);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            // Who hangs up is not this server's matter.
            let _ = answer(stream, &pages, &log);
        }
    });
    Index { address, asked }
}

fn answer(
    stream: TcpStream,
    pages: &BTreeMap<String, Answer>,
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while reader.read_line(&mut line)? > 2 {
        if line.ends_with("\r\n\r\n") {
            break;
        }
    }
    // Before the answer: who has it looks at the log.
    log.lock().expect("the log").push(path.clone());
    let mut stream = stream;
    let (status, found) = match pages.get(&path) {
        Some(found) => ("200 OK", found.clone()),
        None => ("404 Not Found", Answer::default()),
    };
    let (kind, length) = (found.content_type, found.body.len());
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    stream.write_all(&found.body)
}

fn context(index: &str, cache: &std::path::Path) -> SourceContext {
    let environment = Environment::fixed([
        ("PIP_CONFIG_FILE", "/dev/null"),
        ("PIP_INDEX_URL", &format!("{index}/simple")),
    ]);
    let folders = UserFolders {
        cache: cache.to_owned(),
        state: cache.join("state"),
        configuration: cache.join("configuration"),
    };
    let start = Timestamp::from_unix_seconds(0).expect("in range");
    SourceContext { environment, folders, clock: Arc::new(SimulatedClock::at(start)) }
}

fn zip_file(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a member");
        writer.write_all(content.as_bytes()).expect("written");
    }
    writer.finish().expect("finished").into_inner()
}

fn wheel() -> Vec<u8> {
    zip_file(&[
        ("pkg/__init__.py", "version = '1.0'\n"),
        ("my_lib-1.0.dist-info/METADATA", "Name: My-Lib\nVersion: 1.0\n"),
    ])
}

fn sdist() -> Vec<u8> {
    zip_file(&[
        ("my_lib-1.0/src/pkg/__init__.py", "sdist\n"),
        ("my_lib-1.0/tests/test_pkg.py", "test\n"),
        ("my_lib-1.0/CHANGES.md", "changes\n"),
    ])
}

fn json_index(address: &str, wheel_hash: Option<Sha256>) -> BTreeMap<String, Answer> {
    let hash = wheel_hash.unwrap_or_else(|| Sha256::of(&wheel())).hex();
    let sdist_hash = Sha256::of(&sdist()).hex();
    let page = format!(
        r#"{{"meta": {{"api-version": "1.1"}}, "name": "my-lib", "files": [
          {{"filename": "my_lib-1.0-py3-none-any.whl", "url": "{address}/files/w.whl",
            "hashes": {{"sha256": "{hash}"}}, "upload-time": "2024-01-02T03:04:05.678Z"}},
          {{"filename": "my_lib-1.0.zip", "url": "../../files/s.zip",
            "hashes": {{"sha256": "{sdist_hash}"}}}},
          {{"filename": "my_lib-0.9-py3-none-any.whl", "url": "../../files/old.whl",
            "hashes": {{}}, "yanked": "broken"}},
          {{"filename": "my_lib-2.0rc1.tar.gz", "url": "../../files/rc", "hashes": {{}}}}]}}"#
    );
    let json = "application/vnd.pypi.simple.v1+json";
    BTreeMap::from([
        ("/simple/my-lib/".to_owned(), Answer { content_type: json, body: page.into_bytes() }),
        ("/files/w.whl".to_owned(), Answer { content_type: "", body: wheel() }),
        ("/files/s.zip".to_owned(), Answer { content_type: "", body: sdist() }),
    ])
}

fn spec(text: &str) -> SourceSpec {
    SourceSpec::parse(text, &Environment::fixed([])).expect("a source")
}

#[test]
fn a_release_is_fetched_once_and_merged() {
    let index = serve(|address| json_index(address, None));
    let cache = tempfile::tempdir().expect("a folder");
    let context = context(&index.address, cache.path());
    for _ in 0..2 {
        let tree = spec("pypi:My.Lib==1.0").open(None, &context).expect("a tree");
        let paths: Vec<_> = tree.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(
            paths,
            ["CHANGES.md", "my_lib-1.0.dist-info/METADATA", "pkg/__init__.py", "tests/test_pkg.py"]
        );
        assert_eq!(tree.read("pkg/__init__.py").expect("a file"), b"version = '1.0'\n");
        assert_eq!(tree.identity().reference, "pypi:My.Lib==1.0");
        assert_eq!(tree.identity().distribution.as_deref(), Some("My-Lib"));
        assert_eq!(tree.identity().archive, Some(Sha256::of(&wheel())));
    }
    assert_eq!(index.asked.lock().expect("the log").len(), 3, "the second run asks nothing");
}

#[test]
fn versions_are_listed_with_what_is_known_about_them() {
    let index = serve(|address| json_index(address, None));
    let cache = tempfile::tempdir().expect("a folder");
    let context = context(&index.address, cache.path());
    let versions = spec("pypi:my-lib").versions(None, &context).expect("versions");
    let told: Vec<_> = versions
        .iter()
        .map(|known| (known.reference.as_str(), known.yanked.as_deref(), known.is_prerelease))
        .collect();
    assert_eq!(
        told,
        [("0.9", Some("broken"), false), ("1.0", None, false), ("2.0rc1", None, true)]
    );
    let released = versions[1].released_at.map(|time| time.to_string());
    assert_eq!(released.as_deref(), Some("2024-01-02T03:04:05Z"));
}

#[test]
fn a_download_that_was_changed_is_refused_and_not_kept() {
    let index = serve(|address| json_index(address, Some(Sha256::of(b"another"))));
    let cache = tempfile::tempdir().expect("a folder");
    let context = context(&index.address, cache.path());
    for _ in 0..2 {
        let outcome = spec("pypi:my-lib==1.0").open(None, &context);
        assert!(matches!(outcome, Err(SourceError::WrongDownload { .. })), "{outcome:?}");
    }
    let asked = index.asked.lock().expect("the log");
    assert_eq!(asked.iter().filter(|path| path.ends_with("w.whl")).count(), 2);
}

#[test]
fn a_page_of_the_old_form_is_read_too() {
    let index = serve(|_| {
        let hash = Sha256::of(&wheel()).hex();
        let page = format!(
            "<html><a href=\"../../files/my_lib-1.0-py3-none-any.whl#sha256={hash}\">x</a></html>"
        );
        BTreeMap::from([
            (
                "/simple/my-lib/".to_owned(),
                Answer { content_type: "text/html; charset=utf-8", body: page.into_bytes() },
            ),
            (
                "/files/my_lib-1.0-py3-none-any.whl".to_owned(),
                Answer { content_type: "", body: wheel() },
            ),
        ])
    });
    let cache = tempfile::tempdir().expect("a folder");
    let context = context(&index.address, cache.path());
    let tree = spec("pypi:my-lib==1.0.0").open(None, &context).expect("a tree");
    assert_eq!(tree.entries().len(), 2);
}

#[test]
fn what_does_not_exist_is_told_with_what_does() {
    let index = serve(|address| json_index(address, None));
    let cache = tempfile::tempdir().expect("a folder");
    let context = context(&index.address, cache.path());
    let missing = spec("pypi:my-lib==7.0").open(None, &context).expect_err("no such version");
    assert!(missing.hint().contains("1.0"), "{}", missing.hint());
    let unknown = spec("pypi:nothing==1.0").open(None, &context).expect_err("no such project");
    assert!(matches!(unknown, SourceError::NotOnIndex { .. }), "{unknown}");
    let gone = context_of_nobody(cache.path());
    let silent = spec("pypi:my-lib==3.0").open(None, &gone).expect_err("nobody answers");
    assert!(matches!(silent, SourceError::Index { .. }), "{silent}");
}

fn context_of_nobody(cache: &std::path::Path) -> SourceContext {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    context(&address, cache)
}

#[test]
fn words_that_name_no_source_are_told() {
    for text in ["pypi:", "pypi:a b", "pypi:x==not a version", "https://example.org/x.git", " "] {
        let outcome = SourceSpec::parse(text, &Environment::fixed([]));
        assert!(matches!(outcome, Err(SourceError::Spec { .. })), "{text:?}");
    }
    let again = spec("pypi:x==1.0").at_version("2.0");
    assert!(matches!(again, Err(SourceError::Spec { .. })));
}
