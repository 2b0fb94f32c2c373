//! Settings from a map of variables, read by each program's `config`. The map is handed in, never taken from the
//! environment here, and every bad variable is collected, so that one start reports them all.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// The prefix of every variable.
pub const PREFIX: &str = "STOPOVER_";

/// One variable that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSetting {
    /// The variable, with its prefix.
    pub name: String,
    /// What it should be.
    pub rule: String,
}

/// All that was wrong, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSettings(pub Vec<BadSetting>);

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} setting(s) cannot be used:", self.0.len())?;
        for bad in &self.0 {
            write!(f, "\n  {} {}", bad.name, bad.rule)?;
        }
        Ok(())
    }
}

impl std::error::Error for BadSettings {}

/// Variables, and what was found wrong with them so far. A value is never printed: it may be a secret.
#[derive(Debug, Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
    bad: Vec<BadSetting>,
}

impl Settings {
    /// Takes the variables that carry our prefix; an empty value counts as absent.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let values = variables
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value.trim().to_owned())))
            .collect();
        Self { values, bad: Vec::new() }
    }

    /// Puts a value in place where none was given.
    pub fn set_default(&mut self, name: &str, value: impl Into<String>) {
        self.values.entry(name.to_owned()).or_insert_with(|| value.into());
    }

    /// The raw text of a variable.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A variable that may be absent; `rule` says what it should look like.
    pub fn optional<T: FromStr>(&mut self, name: &str, rule: &str) -> Option<T> {
        let parsed = self.values.get(name)?.parse().ok();
        if parsed.is_none() {
            self.reject(name, rule);
        }
        parsed
    }

    /// A variable with a default.
    pub fn or<T: FromStr>(&mut self, name: &str, default: T, rule: &str) -> T {
        self.optional(name, rule).unwrap_or(default)
    }

    /// A variable that must be there; the fallback only carries on until [`Settings::finish`] refuses.
    pub fn required<T: FromStr>(&mut self, name: &str, fallback: T, rule: &str) -> T {
        if self.values.contains_key(name) {
            return self.or(name, fallback, rule);
        }
        self.reject(name, &format!("is missing: {rule}"));
        fallback
    }

    /// Notes that a variable cannot be used.
    pub fn reject(&mut self, name: &str, rule: &str) {
        let bad = BadSetting { name: format!("{PREFIX}{name}"), rule: rule.to_owned() };
        // in the embedded default two programs read the same variable
        if !self.bad.contains(&bad) {
            self.bad.push(bad);
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every variable that was rejected.
    pub fn finish(self) -> Result<(), BadSettings> {
        if self.bad.is_empty() { Ok(()) } else { Err(BadSettings(self.bad)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_variable_is_reported_at_once_and_none_is_printed() {
        let variables = [("STOPOVER_A", "x"), ("STOPOVER_B", "secret"), ("OTHER", "1"), ("STOPOVER_C", " ")];
        let mut settings = Settings::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(settings.or::<u16>("A", 1, "must be a number"), 1);
        assert_eq!(settings.or::<u16>("B", 2, "must be a number"), 2);
        assert_eq!(settings.or::<u16>("C", 3, "must be a number"), 3);
        settings.required("D", 4_u16, "a number");
        let text = settings.finish().map_err(|bad| bad.to_string());
        assert_eq!(
            text,
            Err("3 setting(s) cannot be used:\n  STOPOVER_A must be a number\n  STOPOVER_B must be a number\n  \
                 STOPOVER_D is missing: a number"
                .to_owned())
        );
    }
}
