//! A body before it is read as JSON: one walk that counts brackets and values, since each value takes many times its own byte
//! once it is read. Whether it is JSON at all is left to who reads it. Pure, linear, and without memory of its own.

use crate::graphql::limits::{BODY, BULK_VALUES, JSON_NESTING, JSON_VALUES, Limit, grouped};

/// Refuses a body that nests too deep or holds too many values.
///
/// # Errors
/// The limit and what was found.
pub(super) fn check(body: &[u8]) -> Result<(), String> {
    let (mut depth, mut deepest, mut values) = (0_u64, 0, 0);
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
                values += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    unless(JSON_NESTING, deepest)?;
    unless(if body.len() as u64 > BODY.most { BULK_VALUES } else { JSON_VALUES }, values)
}

fn unless(limit: Limit, found: u64) -> Result<(), String> {
    let Limit { what, most, .. } = limit;
    if found > most {
        Err(format!("there are {} {what}; the limit is {}", grouped(found), grouped(most)))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_values_are_counted_outside_strings() {
        let (deep, many) = ("[".repeat(64), "0,".repeat(10_000));
        let strings = format!(r#""{deep}{many}\"{deep}\\", "\"{deep}" {deep}"#);
        for good in [deep.clone(), many.clone(), strings] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good:.80}");
        }
        assert_eq!(
            check(format!("[{deep}").as_bytes()),
            Err("there are 65 levels of brackets in the body; the limit is 64".into())
        );
        assert_eq!(
            check(format!("[{many}").as_bytes()),
            Err("there are 10,001 values in the body; the limit is 10,000".into())
        );
        let more = format!("[{}", " ,".repeat(50_000));
        assert_eq!(check(&more.as_bytes()[1..]), Ok(()));
        assert!(check(more.as_bytes()).is_err_and(|rule| rule.contains("50,001 values")));
        for odd in ["\"", "\"\\", "\"\\\"", "]]]]", "", "\\\""] {
            assert_eq!(check(odd.as_bytes()), Ok(()), "{odd}");
        }
    }
}
