//! The help texts, as a reader sees them.

use std::process::Command;

fn help(binary: &str, arguments: &[&str]) -> String {
    let output = Command::new(binary)
        .args(arguments)
        .arg("--help")
        .env_remove("ONX_CACHE_DIR")
        .env_remove("ONX_STORE")
        .output()
        .expect("the binary starts");
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn help_reads_like_documentation() {
    let onx = env!("CARGO_BIN_EXE_onx");
    insta::assert_snapshot!("onx", help(onx, &[]));
    insta::assert_snapshot!("doctor", help(onx, &["doctor"]));
    for command in [
        "generate",
        "compat",
        "semver",
        "diff",
        "docs",
        "explain",
        "sign",
        "verify",
        "compose",
        "template",
        "calibrate",
    ] {
        insta::assert_snapshot!(format!("manifest_{command}"), help(onx, &["manifest", command]));
    }
    for command in ["list", "show", "add"] {
        let snapshot = format!("manifest_template_{command}");
        insta::assert_snapshot!(snapshot, help(onx, &["manifest", "template", command]));
    }
    for command in ["add", "list", "show", "plan", "archive", "import-legacy"] {
        let snapshot = format!("tasks_{}", command.replace('-', "_"));
        insta::assert_snapshot!(snapshot, help(onx, &["tasks", command]));
    }
    for command in ["new", "list", "show", "trust", "revoke"] {
        insta::assert_snapshot!(format!("keys_{command}"), help(onx, &["keys", command]));
    }
    for command in ["show", "verify", "prove"] {
        insta::assert_snapshot!(format!("audit_{command}"), help(onx, &["audit", command]));
    }
    for command in ["list", "show"] {
        insta::assert_snapshot!(format!("runs_{command}"), help(onx, &["runs", command]));
    }
    for command in ["apply", "rollback", "status", "history"] {
        insta::assert_snapshot!(format!("migrate_{command}"), help(onx, &["migrate", command]));
    }
}

#[test]
fn the_single_binaries_are_the_same_commands() {
    let pairs = [
        (env!("CARGO_BIN_EXE_onx-manifest"), "manifest", "generate"),
        (env!("CARGO_BIN_EXE_onx-migrate"), "migrate", "apply"),
    ];
    for (binary, group, command) in pairs {
        let alone = help(binary, &[command]).replace(&format!("onx-{group}"), "ONX");
        let within = help(env!("CARGO_BIN_EXE_onx"), &[group, command])
            .replace(&format!("onx {group}"), "ONX")
            .replace(&format!("onx-{group}"), "ONX");
        assert_eq!(alone, within);
    }
}

#[test]
fn a_wrong_flag_is_a_usage_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_onx"))
        .args(["manifest", "generate", "--form", "x"])
        .output()
        .expect("onx starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("'--from'"));
}
