//! Finds and reads `onx.toml`.

use std::path::Path;

use code_line::settings::Settings;
use code_line::{Error, ErrorCode, ErrorKind};
use host::{DiskFiles, FileErrorKind, Files as _, Place, split_path};

/// The largest configuration file that is read, in bytes.
const LIMIT_BYTES: u64 = 1 << 20;

/// Reads the named file, else `./onx.toml`, else the user's own, else nothing.
pub(crate) fn load(
    named: Option<&Path>,
    working_folder: &Path,
    user_folder: &Path,
) -> Result<Settings, Error> {
    if let Some(path) = named {
        return read(path)?.ok_or_else(|| {
            let message = format!("the configuration file `{}` does not exist", path.display());
            Error::new(ErrorKind::Config, ErrorCode::ConfigurationError, message)
        });
    }
    for folder in [working_folder, user_folder] {
        if let Some(settings) = read(&folder.join("onx.toml"))? {
            return Ok(settings);
        }
    }
    Ok(Settings::default())
}

fn read(path: &Path) -> Result<Option<Settings>, Error> {
    let name = path.display().to_string();
    let bytes = split_path(path)
        .and_then(|(base, file)| DiskFiles.read(Place::new(&base, &file), LIMIT_BYTES));
    let wrong =
        |message: String| Error::new(ErrorKind::Config, ErrorCode::ConfigurationError, message);
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) if error.kind == FileErrorKind::Missing => return Ok(None),
        Err(error) => {
            let hint = error.hint().to_owned();
            return Err(wrong(format!("`{name}` cannot be read")).caused_by(error).hint(hint));
        }
    };
    let text = String::from_utf8(bytes)
        .map_err(|error| wrong(format!("`{name}` is not UTF-8")).caused_by(error))?;
    Settings::from_toml(&text, &name).map(Some)
}
