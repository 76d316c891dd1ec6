//! The code on a page: items of the week's own source, as it was compiled.

/// An item of a source file that a page shows: `code!["c1w1.rs": "lab1"]`.
#[derive(Clone, Copy)]
pub(crate) struct Code {
    /// The file's name.
    pub(crate) file: &'static str,
    /// All its text.
    pub(crate) source: &'static str,
    /// The name of a function, constant, static, struct, enum or `impl` block (`impl Stop`).
    pub(crate) item: &'static str,
}

impl Code {
    /// The item's text from its doc comment to its end, moved to the left margin, with a comment in place of
    /// the lines that serve the page.
    ///
    /// `None` where the file has no such item, or the marks in it do not pair.
    pub(crate) fn text(&self) -> Option<String> {
        item(self.source, self.item)
    }
}

/// Names items of source files beside the one it stands in: `code!["c1w1.rs": "lab1", "networks.rs": "Recipe"]`.
#[macro_export]
macro_rules! code {
    ($($file:literal: $item:literal),+ $(,)?) => {
        &[$($crate::week::Code { file: $file, source: include_str!($file), item: $item }),+]
    };
}

/// [`MADE_HERE`] stands for the lines from the first of these to the second, both included.
const MARKS: [&str; 2] = ["// <page>", "// </page>"];

/// What a page shows in place of the lines that serve it.
const MADE_HERE: &str = "// (the figures of the page are made here)";

/// The text of an item in a source that rustfmt has formatted: its last line has the indent of its first.
fn item(source: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = source.lines().collect();
    let first = lines.iter().position(|line| begins(line.trim_start(), name))?;
    let indent = lines[first].len() - lines[first].trim_start().len();
    let above = lines[..first].iter().rev().take_while(|line| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with("#[")
    });
    let from = first - above.count();
    let ends = |line: &&str| line.len() > indent && line[..indent].trim().is_empty() && is_end(&line[indent..]);
    let whole = lines[first].ends_with(';') || lines[first].ends_with('}');
    let to = if whole { first } else { first + 1 + lines[first + 1..].iter().position(ends)? };
    let mut kept: Vec<String> = Vec::new();
    let mut shown = true;
    for line in &lines[from..=to] {
        match MARKS.iter().position(|mark| line.trim() == *mark) {
            Some(0) if shown => {
                shown = false;
                kept.push(line.get(indent..).unwrap_or_default().replace(MARKS[0], MADE_HERE));
            }
            Some(1) if !shown => shown = true,
            Some(_) => return None,
            None if shown => kept.push(line.get(indent..).unwrap_or_default().to_owned()),
            None => {}
        }
    }
    shown.then(|| kept.join("\n"))
}

/// Whether a line begins the item of that name.
fn begins(line: &str, name: &str) -> bool {
    let open = line.strip_prefix("pub").map_or(line, |rest| rest.trim_start_matches(|c: char| c != ' ').trim_start());
    let keywords = ["const fn ", "fn ", "const ", "static ", "struct ", "enum "];
    let named = keywords.iter().find_map(|keyword| open.strip_prefix(keyword)).unwrap_or(open);
    let is_item = named.len() < open.len() || name.starts_with("impl ");
    let after = is_item.then(|| named.strip_prefix(name)).flatten();
    after.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// Whether a line without its indent is the last of an item of several lines.
fn is_end(line: &str) -> bool {
    ["}", "};", "];", ");"].contains(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
const RATE: f64 = 0.1;

/// Learns.
#[inline]
pub(super) fn learn(x: f32) -> f32 {
    // <page>
    draw(x);
    // </page>

    if x > 0.0 {
        return x;
    }
    x + 1.0
}

fn learn_more() {}

impl Line {
    /// The line's slope.
    fn slope(&self) -> f32 {
        self.0
    }
}

fn open() {
    // <page>
}
";

    #[test]
    fn an_item_is_found_by_its_whole_name_and_moved_to_the_margin() {
        assert_eq!(item(SOURCE, "RATE").unwrap(), "const RATE: f64 = 0.1;");
        assert_eq!(item(SOURCE, "learn_more").unwrap(), "fn learn_more() {}");
        assert_eq!(item(SOURCE, "slope").unwrap(), "/// The line's slope.\nfn slope(&self) -> f32 {\n    self.0\n}");
        assert!(item(SOURCE, "impl Line").unwrap().ends_with("    }\n}"));
        assert_eq!((item(SOURCE, "lear"), item(SOURCE, "draw")), (None, None));
    }

    #[test]
    fn a_comment_stands_for_what_serves_the_page() {
        let learn = item(SOURCE, "learn").unwrap();
        let expected = "\
/// Learns.
#[inline]
pub(super) fn learn(x: f32) -> f32 {
    // (the figures of the page are made here)

    if x > 0.0 {
        return x;
    }
    x + 1.0
}";
        assert_eq!(learn, expected);
        assert_eq!(item(SOURCE, "open"), None);
    }
}
