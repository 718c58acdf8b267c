//! Guides say what is done for their readers, and what is not.

use code_line::docs::migration_guide;
use code_model::manifest::Manifest;
use serde_json::json;

#[test]
fn a_value_that_only_its_author_knows_is_not_said_to_be_given() {
    let manifest: Manifest = serde_json::from_value(json!({
        "manifest_version": 1, "schema_url": "",
        "operations": [{
            "id": "OP001", "sequence": 1, "kind": "arg.add_required",
            "match": {"callable": "shop.join", "parameter": {"name": "by"}},
            "evidence": {"method": "signature_match", "detection": "automatic"},
            "confidence": {"overall": 1.0, "factors": {}, "recommendation": "auto_apply"},
            "metadata": {"breaking": true, "safe_rollback": true, "estimated_impact": "low"},
        }],
        "metadata": {
            "library": "shop", "packages": ["shop"], "from_version": "1", "to_version": "2",
            "from_reference": "1", "to_reference": "2", "generator": "by hand",
        },
        "summary": {"title": "", "breaking_changes": 1, "safe_changes": 0,
                    "manual_review_required": 0},
    }))
    .expect("a manifest");
    let guide = migration_guide(&manifest, None);
    assert!(guide.contains("## For you to give"), "{guide}");
    assert!(guide.contains("`shop.join` needs a new argument `by` (OP001)"), "{guide}");
    assert!(!guide.contains("Done for you"), "{guide}");
}
