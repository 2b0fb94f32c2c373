//! The sources of the workspace, read for the laws: as they are, and as code alone, in which comments, strings and tests
//! are blank but every line is still in its place.

use std::path::{Path, PathBuf};

/// Where the product's sources lie.
pub(crate) const ROOMS: [&str; 6] =
    ["api/src", "redirector/src", "redirector/contract/src", "entities/src", "migration/src", "stopover/src"];

/// A source file.
pub(crate) struct Source {
    /// Its path from the root of the workspace.
    pub(crate) path: String,
    /// The text as it is.
    pub(crate) text: String,
    /// Comments and strings blank, tests gone.
    pub(crate) code: String,
}

impl Source {
    /// Whether its path starts with one of these.
    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    /// Whether a word stands in its code.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|found| found == word)
    }

    /// The numbers of the lines in which its code holds this.
    pub(crate) fn lines_with(&self, what: &str) -> Vec<usize> {
        self.code.lines().enumerate().filter(|(_, line)| line.contains(what)).map(|(at, _)| at + 1).collect()
    }

    /// The functions: line, name and length in lines, from `fn` to the closing brace.
    pub(crate) fn functions(&self) -> Vec<(usize, String, usize)> {
        let lines: Vec<&str> = self.code.lines().collect();
        let start = |(at, line): (usize, &&str)| {
            let name = line.trim_start().split("fn ").nth(1)?;
            let before = line.trim_start().split("fn ").next()?;
            let word = |word: &str| matches!(word, "pub" | "async" | "const" | "extern") || word.starts_with("pub(");
            before.split_whitespace().all(word).then_some((at, name.split(['(', '<']).next()?.to_owned()))
        };
        let starts = lines.iter().enumerate().filter_map(start);
        starts.map(|(at, name)| (at + 1, name, length(&lines[at..]))).collect()
    }
}

/// Lines up to the one that closes the first brace that was opened, or that ends a declaration without a body.
fn length(lines: &[&str]) -> usize {
    let (mut depth, mut brackets, mut opened) = (0, 0, false);
    for (at, line) in lines.iter().enumerate() {
        for byte in line.bytes() {
            match byte {
                b'(' | b'[' => brackets += 1,
                b')' | b']' => brackets -= 1,
                b';' if !opened && brackets == 0 => return at + 1,
                b'{' => (depth, opened) = (depth + 1, true),
                b'}' => depth -= 1,
                _ => {}
            }
        }
        if opened && depth == 0 {
            return at + 1;
        }
    }
    lines.len()
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All sources of the product.
pub(crate) fn product() -> Vec<Source> {
    ROOMS.iter().flat_map(|room| under(room)).collect()
}

/// All sources under a folder.
pub(crate) fn under(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    let read = |file: PathBuf| {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
        let code = if is_test { String::new() } else { without_tests(&code_of(&text)) };
        Source { path, text, code }
    };
    files.into_iter().map(read).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Cuts off the module of tests, which is the last thing in a file.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut lines = code.lines().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        if line == "#[cfg(test)]" && next.contains("mod ") && next.ends_with('{') {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// Blanks comments, strings and characters.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = comment(rest).or_else(|| raw_string(rest, &code)).or_else(|| quoted(rest));
        match skipped {
            Some(length) => {
                code.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
                rest = &rest[length..];
            }
            None => {
                code.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    code
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    rest.starts_with("/*").then(|| rest.find("*/").map_or(rest.len(), |end| end + 2))
}

fn raw_string(rest: &str, before: &str) -> Option<usize> {
    if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !before.ends_with('b') {
        return None;
    }
    let hashes = rest.strip_prefix('r')?.bytes().take_while(|byte| *byte == b'#').count();
    let open = 1 + hashes;
    rest[open..].starts_with('"').then_some(())?;
    let close = format!("\"{}", "#".repeat(hashes));
    rest[open + 1..].find(&close).map(|end| open + 1 + end + close.len())
}

fn quoted(rest: &str) -> Option<usize> {
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    if quote == '\'' {
        // a lifetime is no character
        let mut after = rest[1..].chars();
        let (first, second) = (after.next()?, after.next()?);
        if first != '\\' && second != '\'' {
            return None;
        }
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

#[test]
fn strings_comments_and_tests_are_blank() {
    let text = "fn a<'x>() {\n    b(\"}\\\"\", '}', r#\"}\"}\"#); // }\n}\n#[cfg(test)]\nmod tests {\n    c\n}\n";
    let code = without_tests(&code_of(text));
    assert_eq!(code.lines().count(), 3);
    assert!(!code.contains("tests") && code.contains("'x"));
    let source = Source { path: String::new(), text: text.to_owned(), code };
    assert_eq!(source.functions(), [(1, "a".to_owned(), 3)]);
}
