//! The rules of the house, checked on the tree itself: see ARCHITECTURE.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CORE: &str = "practicum-core";
const DOMAINS: [&str; 3] = ["practicum-vision", "practicum-nlp", "practicum-timeseries"];
/// The folders of the library crates, which must not print.
const LIBRARIES: [&str; 4] = ["core", "vision", "nlp", "timeseries"];
const DOCUMENTS: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

#[test]
fn core_knows_no_domain_and_domains_do_not_know_each_other() {
    let metadata: Value = serde_json::from_slice(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours = packages.iter().map(|package| package["name"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(ours.contains(&CORE) && DOMAINS.iter().all(|domain| ours.contains(domain)), "{ours:?}");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let may_know: &[&str] = match name {
            CORE => &[],
            _ if DOMAINS.contains(&name) => &[CORE],
            _ => continue,
        };
        // Dependencies of tests and of build scripts count, too.
        for dependency in package["dependencies"].as_array().unwrap() {
            let dependency = dependency["name"].as_str().unwrap();
            assert!(!ours.contains(&dependency) || may_know.contains(&dependency), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn core_needs_no_rayon() {
    let tree = cargo(&["tree", "-p", CORE, "-e", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let tree = String::from_utf8(tree).unwrap();
    assert!(tree.lines().any(|package| package.starts_with("ndarray v")), "{tree}");
    let rayon = tree.lines().find(|package| package.starts_with("rayon"));
    assert_eq!(rayon, None, "core has a thread team of its own");
}

#[test]
fn unsafe_code_stays_in_the_kernels() {
    let kernels = root().join("core/src/kernel");
    let mut in_kernels = 0;
    for folder in LIBRARIES.into_iter().chain(["xtask"]) {
        for path in rust_files(&root().join(folder).join("src")) {
            let code = code_of(&read(&path));
            let line = code.lines().position(|line| words(line).any(|word| word == "unsafe"));
            if path.starts_with(&kernels) {
                in_kernels += usize::from(line.is_some());
            } else {
                assert_eq!(line.map(|line| line + 1), None, "{} has unsafe code: it belongs into core/src/kernel", path.display());
            }
        }
    }
    assert!(in_kernels > 0, "the check finds no unsafe code where there is some");
}

#[test]
fn libraries_do_not_print() {
    for folder in LIBRARIES {
        for path in rust_files(&root().join(folder).join("src")) {
            let name = path.file_stem().unwrap_or_default();
            if name == "tests" || path.parent().is_some_and(|parent| parent.ends_with("tests")) {
                continue;
            }
            let code = code_of(&read(&path));
            let shipped = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for (number, line) in shipped.lines().enumerate() {
                let found = ["print!", "println!", "eprint!", "eprintln!"].into_iter().find(|print| calls(line, print));
                assert_eq!(found, None, "{}:{}: give a sink or return the text", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn every_operation_has_a_gradient_check_beside_it() {
    let mut ops = 0;
    for folder in LIBRARIES {
        for path in rust_files(&root().join(folder).join("src")) {
            let code = code_of(&read(&path));
            let (shipped, mut tests) =
                code.split_once("#[cfg(test)]\nmod tests").map_or((&*code, String::new()), |(a, b)| (a, b.to_owned()));
            let beside = path.with_extension("").join("tests.rs");
            if beside.is_file() {
                tests.push_str(&code_of(&read(&beside)));
            }
            for op in ops_of(shipped) {
                ops += 1;
                let checked = is_checked(&op, shipped, &tests);
                assert!(checked, "{}: no test beside `{op}` calls `gradcheck` with what makes it", path.display());
            }
        }
    }
    assert!(ops > 20, "the check finds only {ops} operations");
}

/// The types that are operations: `impl Op for Type`, and those that macros of such a block are called with.
fn ops_of(code: &str) -> Vec<String> {
    let first_word = |text: &str| words(text).next().unwrap_or_default().to_owned();
    let mut ops = Vec::new();
    let blocks: Vec<usize> = code.match_indices(" Op for ").map(|(at, found)| at + found.len()).collect();
    for at in blocks {
        if !code[at..].starts_with('$') {
            ops.push(first_word(&code[at..]));
            continue;
        }
        let name = code[..at].rsplit("macro_rules! ").next().map(first_word).unwrap_or_default();
        ops.extend(code.split(&format!("\n{name}!(")).skip(1).map(first_word));
    }
    ops
}

/// Whether a test that calls `gradcheck`, or a helper that does, names the operation or a function that makes it.
fn is_checked(op: &str, shipped: &str, tests: &str) -> bool {
    let of_the_trait = ["name", "output_shape", "memory", "reads", "forward", "backward", "is_reshape"];
    let own: Vec<(&str, &str)> = functions(shipped).into_iter().filter(|(name, _)| !of_the_trait.contains(name)).collect();
    // What only the fusing of two operations makes has the bits of its parts: see `fusion.rs`.
    if own.iter().any(|(name, body)| *name == "fuse" && words(body).any(|word| word == op)) {
        return true;
    }
    let makers = naming(&own, op);
    let tests = functions(tests);
    let checks = naming(&tests, "gradcheck");
    tests.iter().filter(|(name, _)| checks.contains(name)).any(|(_, body)| words(body).any(|word| makers.contains(&word)))
}

/// A word, and all functions that name it, or name such a function.
fn naming<'a>(functions: &[(&'a str, &'a str)], word: &'a str) -> Vec<&'a str> {
    let mut found = vec![word];
    loop {
        let known = found.len();
        for (name, body) in functions {
            if !found.contains(name) && words(body).any(|word| found.contains(&word)) {
                found.push(name);
            }
        }
        if found.len() == known {
            return found;
        }
    }
}

/// Functions and what follows their names, up to where the next function or item begins.
fn functions(code: &str) -> Vec<(&str, &str)> {
    let items = ["\nimpl", "\nstruct", "\npub", "\nenum", "\nmacro_rules"];
    code.split("fn ")
        .skip(1)
        .map(|text| {
            let end = items.iter().filter_map(|item| text.find(item)).min().unwrap_or(text.len());
            let name = text.find(|c| !is_word(c)).unwrap_or(text.len()).min(end);
            (&text[..name], &text[name..end])
        })
        .collect()
}

#[test]
fn s1_kernels_are_public_for_the_benchmark_alone() {
    let lib = read(&root().join("core/src/lib.rs"));
    assert!(lib.contains("#[cfg(not(feature = \"kernels\"))]\nmod kernel;") && lib.contains("#[doc(hidden)]\npub mod kernel;"));
    assert_eq!(lib.matches("mod kernel;").count(), 2);
    for krate in ["vision", "nlp", "timeseries", "tests"] {
        assert!(!read(&root().join(krate).join("Cargo.toml")).contains("kernels"), "{krate} asks for the kernels of core");
    }
}

#[test]
fn u1_the_example_of_the_readme_is_a_whole_program() {
    let readme = read(&root().join("README.md"));
    let example = readme.split("```rust").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert!(example.contains("fn main()") && !example.lines().any(|line| line.starts_with("# ")), "{example}");
    assert!(readme.contains("[dependencies]") && readme.contains("practicum-core"));
    // It is compiled and run with the documentation of core.
    assert!(read(&root().join("core/src/lib.rs")).contains("include_str!(\"../../README.md\")"));
}

#[test]
fn u2_slow_builds_are_told_what_to_do() {
    for file in ["README.md", "core/src/lib.rs", "core/src/model/progress.rs"] {
        let text = read(&root().join(file)).replace("\\\"", "\"");
        assert!(text.contains("[profile.dev.package.\"*\"]") && text.contains("opt-level = 3"), "{file}");
    }
}

/// Lines of examples that are seen: a page of rustdoc cuts longer ones.
#[test]
fn u6_examples_are_as_wide_as_a_page() {
    const WIDEST: usize = 100;
    let mut wide = Vec::new();
    let mut look_at = |file: &Path, lines: &mut dyn Iterator<Item = Option<&str>>| {
        let mut rust = None;
        for (number, line) in lines.enumerate() {
            let Some(line) = line else {
                rust = None;
                continue;
            };
            if let Some(language) = line.strip_prefix("```") {
                rust = if rust.is_some() { None } else { Some(["", "rust", "no_run"].contains(&language)) };
            } else if rust == Some(true) && !line.starts_with("# ") && line.chars().count() > WIDEST {
                wide.push(format!("{}:{}: {} columns", file.display(), number + 1, line.chars().count()));
            }
        }
    };
    for library in LIBRARIES {
        for file in rust_files(&root().join(library).join("src")) {
            let text = read(&file);
            look_at(
                &file,
                &mut text.lines().map(|line| {
                    let line = line.trim_start();
                    let line = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
                    Some(line.strip_prefix(' ').unwrap_or(line))
                }),
            );
        }
    }
    for file in ["README.md", "core/docs/keras.md", "core/docs/howto.md"] {
        let text = read(&root().join(file));
        look_at(&root().join(file), &mut text.lines().map(Some));
    }
    assert!(wide.is_empty(), "examples wider than {WIDEST} columns:\n{}", wide.join("\n"));
}

#[test]
fn u6_the_front_page_of_core_leads_to_the_pages() {
    let front = read(&root().join("core/src/lib.rs"));
    assert!(front.contains("(for_keras_users)") && front.contains("(howto)"));
    // Structs of the model are shown where they are looked for.
    assert!(front.contains("#[doc(inline)]\npub use model::{Fit, History, Model, Sequential};"));
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let mut links = 0;
    for document in DOCUMENTS {
        for link in links_of(&read(&root().join(document))) {
            links += 1;
            assert!(root().join(&link).exists(), "{document} links to {link}, which does not exist");
        }
    }
    assert!(links > 5, "the check finds only {links} links");
}

#[test]
fn the_commands_of_the_readme_are_checked() {
    let readme = read(&root().join("README.md"));
    let commands: Vec<&str> = readme.split("```sh\n").skip(1).take(2).filter_map(|block| block.lines().next()).collect();
    assert!(commands.len() == 2 && commands.iter().all(|command| command.starts_with("cargo ")), "{commands:?}");
    let checks = read(&root().join(".ci/run"));
    for command in commands {
        let ends_a_step = |line: &str| line.starts_with("step ") && line.ends_with(&format!(" {command}"));
        assert!(checks.lines().any(ends_a_step), ".ci/run does not run `{command}`");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO")).args(arguments).args(["--offline", "--locked"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c| !is_word(c)).filter(|word| !word.is_empty())
}

/// Whether the macro is called, and not one whose name ends like its own.
fn calls(line: &str, call: &str) -> bool {
    line.match_indices(call).any(|(at, _)| !line[..at].ends_with(is_word))
}

/// The files that a Markdown text links to, outside of its code.
fn links_of(markdown: &str) -> Vec<String> {
    let mut links = Vec::new();
    for text in markdown.split("```").step_by(2) {
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap_or_default().split('#').next().unwrap_or_default();
            if !link.is_empty() && !link.contains("://") {
                links.push(link.to_owned());
            }
        }
    }
    links
}

/// Rust source without its comments and literals, line by line.
fn code_of(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (kept, skipped) = if is_word(first) {
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let raw = if matches!(&rest[..word], "r" | "br" | "cr") { raw_string_len(&rest[word..]) } else { 0 };
            if raw > 0 { (0, word + raw) } else { (word, 0) }
        } else {
            match literal_or_comment_len(rest) {
                0 => (first.len_utf8(), 0),
                len => (0, len),
            }
        };
        code.push_str(&rest[..kept]);
        code.extend(rest[kept..kept + skipped].chars().filter(|c| *c == '\n'));
        rest = &rest[kept + skipped..];
    }
    code
}

/// How long the comment or literal is that stands here; 0 where there is none.
fn literal_or_comment_len(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_len(rest);
    }
    if rest.starts_with('"') {
        return quoted_len(rest, '"');
    }
    let mut inside = rest.strip_prefix('\'').unwrap_or_default().chars();
    match (inside.next(), inside.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted_len(rest, '\''),
        _ => 0,
    }
}

/// Up to the closing quote, over quotes after a backslash.
fn quoted_len(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

/// Block comments nest.
fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0;
    for (at, _) in rest.char_indices() {
        if rest[at..].starts_with("/*") {
            depth += 1;
        } else if rest[..at].ends_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    rest.len()
}

/// What follows the `r`: hashes, a quote, and all up to a quote with as many hashes.
fn raw_string_len(rest: &str) -> usize {
    let hashes = rest.chars().take_while(|c| *c == '#').count();
    if !rest[hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    rest[hashes + 1..].find(&end).map_or(rest.len(), |at| hashes + 1 + at + end.len())
}

#[test]
fn the_reader_of_these_checks_sees_code_alone() {
    let source = "a /* b /* c */ d */ e // f\n'\"' 'g' '\\'' h<'i> \"j \\\" k\" l r#\"m \" n\"# o\np";
    assert_eq!(code_of(source).split_whitespace().collect::<Vec<_>>(), ["a", "e", "h<'i>", "l", "o", "p"]);
    assert_eq!(code_of(source).lines().count(), source.lines().count());
    assert!(calls("x; print!(1)", "print!") && !calls("eprint!(1)", "print!"));
    let op = "impl Op for Half { fn forward() {} }\nfn make() { Half }\nfn half() { make() }\nfn other() {}";
    assert_eq!(ops_of("\nmacro_rules! m { () => { impl Op for $op {} } }\nm!(Half, 1);\nimpl<T> Op for Full {}"), ["Half", "Full"]);
    assert!(is_checked("Half", op, "fn check() { gradcheck() }\nfn test() { check(half) }"));
    assert!(!is_checked("Half", op, "fn check() { gradcheck(other) }\nfn test() { half }"));
    assert_eq!(links_of("[a](b.md#c) [d](https://e) ```\n[f](g)\n``` [h](#i)"), ["b.md"]);
}
