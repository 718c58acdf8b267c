//! Finds and reads `onx.toml`.

use std::path::{Path, PathBuf};

use code_line::settings::Settings;
use code_line::{Error, ErrorCode, ErrorKind};

/// The largest configuration file that is read, in bytes.
const LIMIT_BYTES: u64 = 1 << 20;

/// Reads the named file, else `./onx.toml`, else the user's own, else nothing.
pub(crate) fn load(
    named: Option<&Path>,
    working_directory: &Path,
    user_folder: Option<&Path>,
) -> Result<Settings, Error> {
    if let Some(path) = named {
        return read(path)?.ok_or_else(|| {
            let message = format!("the configuration file `{}` does not exist", path.display());
            Error::new(ErrorKind::Config, ErrorCode::ConfigurationError, message)
        });
    }
    let candidates: [Option<PathBuf>; 2] =
        [Some(working_directory.join("onx.toml")), user_folder.map(|dir| dir.join("onx.toml"))];
    for path in candidates.into_iter().flatten() {
        if let Some(settings) = read(&path)? {
            return Ok(settings);
        }
    }
    Ok(Settings::default())
}

fn read(path: &Path) -> Result<Option<Settings>, Error> {
    let name = path.display().to_string();
    let cannot = |error: std::io::Error| {
        Error::outside(ErrorCode::ConfigurationError, format!("`{name}` cannot be read"), error)
    };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > LIMIT_BYTES => {
            let message = format!("`{name}` is larger than 1 MiB");
            return Err(Error::new(ErrorKind::Config, ErrorCode::ConfigurationError, message));
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(error)),
    }
    let text = std::fs::read_to_string(path).map_err(cannot)?;
    Settings::from_toml(&text, &name).map(Some)
}
