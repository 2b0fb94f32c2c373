//! Texts that people type: trimmed, bounded, and free of characters that no page could show or no database could store.
//! The checks of links and pixels call this.

use crate::error::{Code, Mistake};

/// A mistake at a path.
pub(crate) fn mistake<const N: usize>(path: [&str; N], code: Code, message: impl Into<String>) -> Mistake {
    Mistake { field: path.map(str::to_owned).to_vec(), code, message: message.into() }
}

/// One line of at most `most` characters, trimmed; gives `None` for an empty one, and notes what is wrong.
pub(crate) fn line<const N: usize>(
    path: [&str; N],
    given: &str,
    most: usize,
    mistakes: &mut Vec<Mistake>,
) -> Option<String> {
    let text = given.trim();
    if text.chars().count() > most {
        mistakes.push(mistake(path, Code::TooLong, format!("must be at most {most} characters long")));
    } else if text.chars().any(char::is_control) {
        mistakes.push(mistake(path, Code::Invalid, "must be one line without control characters"));
    }
    (!text.is_empty()).then(|| text.to_owned())
}

/// As [`line`], and it must not be empty.
pub(crate) fn required<const N: usize>(
    path: [&str; N],
    given: &str,
    most: usize,
    mistakes: &mut Vec<Mistake>,
) -> String {
    line(path, given, most, mistakes).unwrap_or_else(|| {
        mistakes.push(mistake(path, Code::Invalid, "must not be empty"));
        String::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_counted_in_characters() {
        let mut mistakes = Vec::new();
        assert_eq!(line(["title"], "  Frühling ", 8, &mut mistakes), Some("Frühling".to_owned()));
        assert_eq!(line(["title"], " \t ", 8, &mut mistakes), None);
        assert_eq!(mistakes, []);
        line(["title"], "Frühlings", 8, &mut mistakes);
        line(["tags", "2"], "a\0b", 8, &mut mistakes);
        required(["name"], " ", 8, &mut mistakes);
        let found: Vec<_> = mistakes.iter().map(|mistake| (mistake.field.join("."), mistake.code)).collect();
        let expected = [("title", Code::TooLong), ("tags.2", Code::Invalid), ("name", Code::Invalid)];
        assert_eq!(found, expected.map(|(field, code)| (field.to_owned(), code)));
    }
}
