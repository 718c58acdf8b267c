//! What a distribution says about itself: `METADATA` of a wheel, `PKG-INFO` of an sdist.

use crate::SourceTree;

/// Name, version and requirements of a distribution, as far as its files say them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DistributionMetadata {
    /// The name, as written.
    pub name: Option<String>,
    /// The version, as written.
    pub version: Option<String>,
    /// Each `Requires-Dist`, as written.
    pub requirements: Vec<String>,
    /// The versions of Python that it runs on, as written.
    pub requires_python: Option<String>,
}

/// Reads the metadata of a tree; what is missing stays empty.
pub fn distribution_metadata(tree: &SourceTree) -> DistributionMetadata {
    let folder = dist_info_folder(tree);
    let place = match &folder {
        Some(folder) => format!("{folder}/METADATA"),
        None => "PKG-INFO".to_owned(),
    };
    let text = read_text(tree, &place);
    parse_headers(&text)
}

fn dist_info_folder(tree: &SourceTree) -> Option<String> {
    let mut folders = tree.entries().iter().filter_map(|entry| {
        let (folder, name) = entry.path.as_str().split_once('/')?;
        (folder.ends_with(".dist-info") && name == "METADATA").then(|| folder.to_owned())
    });
    folders.next()
}

fn read_text(tree: &SourceTree, path: &str) -> String {
    match tree.read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // A missing or unreadable file says nothing about the distribution.
        Err(_) => String::new(),
    }
}

fn parse_headers(text: &str) -> DistributionMetadata {
    let mut metadata = DistributionMetadata::default();
    // The description follows after an empty line, and may look like anything.
    for line in text.lines().take_while(|line| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim().to_owned();
        match name.to_ascii_lowercase().as_str() {
            "name" => metadata.name = Some(value),
            "version" => metadata.version = Some(value),
            "requires-dist" => metadata.requirements.push(value),
            "requires-python" => metadata.requires_python = Some(value),
            _ => {}
        }
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_says_its_name_version_and_requirements() {
        let tree = SourceTree::from_memory(
            "wheel",
            [
                ("pkg/__init__.py", ""),
                (
                    "my_lib-1.0.dist-info/METADATA",
                    "Metadata-Version: 2.1\nName: My-Lib\nVersion: 1.0\n\
                     Requires-Dist: other>=2; extra == 'x'\n\nVersion: 9\n",
                ),
            ],
        );
        let metadata = distribution_metadata(&tree);
        assert_eq!(metadata.name.as_deref(), Some("My-Lib"));
        assert_eq!(metadata.version.as_deref(), Some("1.0"));
        assert_eq!(metadata.requirements, ["other>=2; extra == 'x'"]);
    }

    #[test]
    fn an_sdist_says_its_name_and_version() {
        let tree = SourceTree::from_memory("sdist", [("PKG-INFO", "Name: x\nVersion: 2\n")]);
        let metadata = distribution_metadata(&tree);
        assert_eq!((metadata.name.as_deref(), metadata.version.as_deref()), (Some("x"), Some("2")));
    }
}
