//! Asks a package index over HTTP.

use std::path::Path;
use std::thread;
use std::time::Duration;

use host::{DiskFiles, Files as _, Place, split_path};
use ureq::ResponseExt as _;
use ureq::tls::{PemItem, RootCerts, TlsConfig};

use super::settings::PipSettings;
use crate::SourceError;

const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
                      application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
const PAGE_LIMIT_BYTES: u64 = 128 << 20;
const FILE_LIMIT_BYTES: u64 = 1 << 30;
const ATTEMPTS: u32 = 3;

/// What an index answered.
pub(super) struct Answer {
    pub(super) address: String,
    pub(super) content_type: String,
    pub(super) bytes: Vec<u8>,
}

/// Asks a package index, with the user's certificates, proxy and patience.
pub(super) struct Client {
    agent: ureq::Agent,
}

impl Client {
    pub(super) fn new(settings: &PipSettings) -> Result<Self, SourceError> {
        let roots = match &settings.certificates {
            Some(path) => RootCerts::from(certificates(path)?),
            None => RootCerts::PlatformVerifier,
        };
        let proxy = match &settings.proxy {
            Some(address) => Some(ureq::Proxy::new(address).map_err(|error| {
                SourceError::Settings { setting: "proxy".to_owned(), problem: error.to_string() }
            })?),
            None => None,
        };
        let seconds = settings.timeout_seconds.unwrap_or(15);
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(seconds)))
            .timeout_recv_response(Some(Duration::from_secs(seconds.max(60))))
            .timeout_global(Some(Duration::from_mins(30)))
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .proxy(proxy)
            .user_agent(concat!("onx/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self { agent })
    }

    /// A page of the index; none when it has no such page.
    pub(super) fn page(&self, address: &str, wanted: &str) -> Result<Option<Answer>, SourceError> {
        self.get(address, wanted, ACCEPT, PAGE_LIMIT_BYTES)
    }

    /// A file; none when it is gone.
    pub(super) fn file(&self, address: &str, wanted: &str) -> Result<Option<Answer>, SourceError> {
        self.get(address, wanted, "*/*", FILE_LIMIT_BYTES)
    }

    fn get(
        &self,
        address: &str,
        wanted: &str,
        accept: &str,
        limit_bytes: u64,
    ) -> Result<Option<Answer>, SourceError> {
        let mut problem = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                thread::sleep(Duration::from_millis(500 << (attempt - 1)));
            }
            match self.once(address, accept, limit_bytes) {
                Ok(answer) => return Ok(answer),
                Err(failure) => {
                    problem = failure.problem;
                    if !failure.may_pass {
                        break;
                    }
                }
            }
        }
        Err(SourceError::Index { wanted: wanted.to_owned(), problem })
    }

    fn once(
        &self,
        address: &str,
        accept: &str,
        limit_bytes: u64,
    ) -> Result<Option<Answer>, Failure> {
        let (plain, credentials) = split_credentials(address);
        let mut request = self.agent.get(&plain).header("Accept", accept);
        if let Some(credentials) = credentials {
            request = request.header("Authorization", format!("Basic {}", base64(&credentials)));
        }
        let mut response = request.call().map_err(|error| Failure::of(&error))?;
        match response.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(None),
            status => {
                return Err(Failure {
                    problem: format!("it answered with status {status}"),
                    may_pass: status == 429 || status >= 500,
                });
            }
        }
        let address = response.get_uri().to_string();
        let header = response.headers().get("content-type");
        let content_type = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = content_type.to_ascii_lowercase();
        let bytes = response
            .body_mut()
            .with_config()
            .limit(limit_bytes)
            .read_to_vec()
            .map_err(|error| Failure::of(&error))?;
        Ok(Some(Answer { address, content_type, bytes }))
    }
}

/// Why one attempt failed, and whether another may succeed.
struct Failure {
    problem: String,
    may_pass: bool,
}

impl Failure {
    fn of(error: &ureq::Error) -> Self {
        let may_pass = matches!(
            error,
            ureq::Error::Io(_)
                | ureq::Error::Timeout(_)
                | ureq::Error::ConnectionFailed
                | ureq::Error::Protocol(_)
        );
        // A certificate that is not trusted stays so.
        let problem = error.to_string();
        let may_pass = may_pass && !problem.contains("certificate");
        Self { problem, may_pass }
    }
}

fn certificates(path: &Path) -> Result<Vec<ureq::tls::Certificate<'static>>, SourceError> {
    let unusable = |problem: String| SourceError::Settings {
        setting: format!("cert ({})", path.display()),
        problem,
    };
    let read = DiskFiles.canonical(path).and_then(|real| {
        let (base, name) = split_path(&real)?;
        DiskFiles.read(Place::new(&base, &name), 64 << 20)
    });
    let bytes = read.map_err(|error| unusable(error.to_string()))?;
    let found: Vec<_> = ureq::tls::parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(unusable("it holds no certificate".to_owned()));
    }
    Ok(found)
}

/// An address without `USER:PASSWORD@`, and these.
fn split_credentials(address: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = address.split_once("://") else {
        return (address.to_owned(), None);
    };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((credentials, host)) => {
            (format!("{scheme}://{host}{}", &rest[end..]), Some(credentials.to_owned()))
        }
        None => (address.to_owned(), None),
    }
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            if position <= chunk.len() {
                let digit = (bits >> (18 - 6 * position)) & 63;
                out.push(char::from(DIGITS[digit as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_sent_apart_from_the_address() {
        let (address, credentials) = split_credentials("https://ada:secret@index.example/simple/");
        assert_eq!(address, "https://index.example/simple/");
        assert_eq!(credentials.map(|c| base64(&c)).as_deref(), Some("YWRhOnNlY3JldA=="));
        assert_eq!(split_credentials("http://h/a@b").1, None);
        assert_eq!(base64("abc"), "YWJj");
        assert_eq!(base64("ab"), "YWI=");
    }
}
