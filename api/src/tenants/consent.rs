//! Checks the rules of a tenant for consent: which places they may name, and how many.

use crate::error::{Code, Mistake, Mistakes};
use contract::consent::{ConsentPolicy, is_place};

/// Most rules of a tenant.
pub const MAX_REGIONS: usize = 20;
/// Most places of one rule.
pub const MAX_COUNTRIES: usize = 60;

/// Notes what is wrong with the rules and gives them with their codes in capitals.
pub(crate) fn check(mut policy: ConsentPolicy, mistakes: &mut Mistakes) -> ConsentPolicy {
    if policy.regions.len() > MAX_REGIONS {
        mistakes.push(mistake(&[], Code::TooLong, format!("must have at most {MAX_REGIONS} rows")));
        return policy;
    }
    for (row, region) in policy.regions.iter_mut().enumerate() {
        let field = [&*row.to_string(), "countries"];
        let count = region.countries.len();
        if count > MAX_COUNTRIES {
            mistakes.push(mistake(&field, Code::TooLong, format!("must have at most {MAX_COUNTRIES} codes")));
            continue;
        }
        if count == 0 {
            mistakes.push(mistake(&field, Code::Invalid, "must name at least one place".to_owned()));
        }
        for code in &mut region.countries {
            *code = code.trim().to_ascii_uppercase();
        }
        let unknown: Vec<String> = region
            .countries
            .iter()
            .filter(|code| !is_place(code))
            .map(|code| code.chars().take(10).collect::<String>().replace(char::is_control, " "))
            .collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            let rule = format!("must hold countries (DE), regions (US-CA), EEA or UK; not known: {unknown}");
            mistakes.push(mistake(&field, Code::Invalid, rule));
        }
    }
    policy
}

fn mistake(path: &[&str], code: Code, message: String) -> Mistake {
    let field = ["policy", "consent", "regions"].iter().chain(path).map(|part| (*part).to_owned()).collect();
    Mistake { field, code, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use contract::consent::{ConsentMode, ConsentRegion};

    fn checked(regions: &[&[&str]]) -> Result<ConsentPolicy, Vec<(String, Code)>> {
        let region = |codes: &&[&str]| ConsentRegion {
            countries: codes.iter().map(|code| (*code).to_owned()).collect(),
            mode: ConsentMode::OptInAsk,
        };
        let policy = ConsentPolicy { regions: regions.iter().map(region).collect(), default: ConsentMode::None };
        let mut mistakes = Mistakes::default();
        let policy = check(policy, &mut mistakes);
        match mistakes.check() {
            Err(Error::Mistakes(mistakes)) => {
                Err(mistakes.into_iter().map(|mistake| (mistake.field.join("."), mistake.code)).collect())
            }
            _ => Ok(policy),
        }
    }

    #[test]
    fn places_are_written_in_capitals_and_unknown_ones_refused() {
        let policy = checked(&[&[" de ", "us-ca", "eea"], &["GB"]]).unwrap();
        assert_eq!(policy.regions[0].countries, ["DE", "US-CA", "EEA"]);
        let row = |row: usize| format!("policy.consent.regions.{row}.countries");
        let wrong = checked(&[&["XX", "DE"], &["DE"], &[]]).unwrap_err();
        assert_eq!(wrong, [(row(0), Code::Invalid), (row(2), Code::Invalid)]);
        assert_eq!(checked(&[&["DE"; 61]]).unwrap_err(), [(row(0), Code::TooLong)]);
        assert!(checked(&[&["DE"; 60][..]; 20]).is_ok());
        let many = checked(&[&["DE"][..]; 21]).unwrap_err();
        assert_eq!(many, [("policy.consent.regions".to_owned(), Code::TooLong)]);
        assert_eq!(checked(&[]).map(|policy| policy.regions.len()), Ok(0));
    }
}
