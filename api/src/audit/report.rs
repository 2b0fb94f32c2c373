//! What an earlier `api audit` printed, read again: whose a chain is, how many rows it had and the hash of the last. Kept
//! where the database's administrators cannot write, it shows a chain that somebody made anew from its start.

use std::collections::BTreeMap;
use uuid::Uuid;

/// Chains as they were: how many rows each had, and the hash of its last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report(BTreeMap<Uuid, (i64, Vec<u8>)>);

impl Report {
    /// Reads a report. Chains that were broken in it have no hash and say nothing.
    ///
    /// # Errors
    /// Which line is none of a report; that there is no whole chain in it, and so nothing to compare with.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut chains = BTreeMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let (chain_id, rows, found) =
                parts(line).ok_or_else(|| format!("line {} is not what `api audit` prints", number + 1))?;
            if let Some(hash) = found {
                chains.insert(chain_id, (rows, hash));
            }
        }
        if chains.is_empty() {
            return Err("it tells of no whole log".to_owned());
        }
        Ok(Self(chains))
    }

    /// The chains, each with its number of rows.
    pub(super) fn chains(&self) -> impl Iterator<Item = (Uuid, i64)> {
        self.0.iter().map(|(chain_id, (rows, _))| (*chain_id, *rows))
    }

    /// How many rows a chain had.
    pub(super) fn rows_of(&self, chain_id: Uuid) -> Option<i64> {
        self.0.get(&chain_id).map(|(rows, _)| *rows)
    }

    /// Whether a chain's last row of then had another hash than this row has.
    pub(super) fn contradicts(&self, chain_id: Uuid, row: i64, hash: &[u8]) -> bool {
        self.0.get(&chain_id).is_some_and(|(rows, kept)| *rows == row && kept != hash)
    }
}

/// The chain, its rows and its hash, where it was whole.
fn parts(line: &str) -> Option<(Uuid, i64, Option<Vec<u8>>)> {
    let mut words = line.trim().splitn(4, ' ');
    let chain_id = Uuid::try_parse(words.next()?).ok()?;
    let rows = words.next()?.parse().ok()?;
    let found = words.next().filter(|word| *word == "rows").and(words.next())?;
    if ["BROKEN", "MADE ANEW", "GONE"].iter().any(|word| found.starts_with(word)) {
        return Some((chain_id, rows, None));
    }
    let hash = data_encoding::HEXLOWER.decode(found.as_bytes()).ok().filter(|hash| hash.len() == 32)?;
    Some((chain_id, rows, Some(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_is_read_again() {
        let (whole, broken) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let text = format!("{whole} 3 rows {}\n\n{broken} 2 rows BROKEN at row 3\n", "ab".repeat(32));
        let report = Report::parse(&text).unwrap();
        assert_eq!(report.chains().collect::<Vec<_>>(), [(whole, 3)]);
        assert!(report.contradicts(whole, 3, &[0; 32]) && !report.contradicts(whole, 3, &[0xab; 32]));
        assert!(!report.contradicts(whole, 2, &[0; 32]) && !report.contradicts(broken, 2, &[0; 32]));
        let none = format!("{broken} 2 rows BROKEN at row 3\n");
        assert!(Report::parse("").is_err() && Report::parse(&none).is_err());
        for bad in ["nonsense", &format!("{whole} 3 rows"), &format!("{whole} 3 rows ab"), &format!("{whole} x rows")] {
            assert!(Report::parse(&format!("{text}{bad}")).unwrap_err().starts_with("line 4 "), "{bad}");
        }
    }
}
