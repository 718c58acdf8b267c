//! `doctor`.

use crate::scene::Scene;

#[test]
fn doctor_says_what_the_machine_offers() {
    let scene = Scene::empty();
    let said = scene.onx(&["doctor", "--json"]);
    let health: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let level = health["sandbox"]["level"].as_str().expect("a level");
    let suffices = ["isolated", "complete"].contains(&level);
    assert_eq!(said.code, i32::from(!suffices), "{}", said.out);
    let layers = health["sandbox"]["layers"].as_array().expect("layers").len();
    let missing = health["sandbox"]["missing"].as_object().expect("reasons");
    assert_eq!(layers + missing.len(), 14, "{}", said.out);
    assert!(missing.values().all(|why| why.as_str().is_some_and(|why| !why.is_empty())));
    let words = scene.onx(&["doctor"]);
    assert!(words.out.starts_with(&format!("sandbox: {level}")), "{}", words.out);
    assert_eq!(words.out.lines().count(), 1 + 14 + 1 + 3, "{}", words.out);
}
