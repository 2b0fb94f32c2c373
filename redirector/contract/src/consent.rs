//! Whether pixels may fire on a visit, by where the visitor is: a tenant's rules, and the rule for one place. The API
//! checks and stores them, the redirector asks them once a visit.

use serde::{Deserialize, Serialize};

/// The European Economic Area: the 27 members of the EU, Iceland, Liechtenstein and Norway.
pub const EEA: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The officially assigned codes of ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// When pixels fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentMode {
    /// They fire, whatever the visitor's browser signals.
    None,
    /// They fire unless the visitor refused them, by signal or by an answer that is remembered.
    OptOut,
    /// The visitor is asked first.
    OptInAsk,
    /// Nobody is asked: the visitor goes on without pixels, unless an agreement is remembered.
    OptInPass,
}

/// A rule for some places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRegion {
    /// Codes that [`is_place`] knows.
    pub countries: Vec<String>,
    /// What holds there.
    pub mode: ConsentMode,
}

/// A tenant's rules: the first that names the visitor's place holds, else `default`, which also holds where the place is
/// not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConsentPolicy {
    /// Rules for places, the first that fits first.
    pub regions: Vec<ConsentRegion>,
    /// What holds everywhere else.
    pub default: ConsentMode,
}

impl Default for ConsentPolicy {
    /// Without pixels where law asks for consent first: the EEA, the United Kingdom and Switzerland.
    fn default() -> Self {
        let countries = ["EEA", "GB", "CH"].map(str::to_owned).to_vec();
        Self { regions: vec![ConsentRegion { countries, mode: ConsentMode::OptInPass }], default: ConsentMode::OptOut }
    }
}

impl ConsentPolicy {
    /// What holds for a visitor from this country and region (ISO 3166-1 alpha-2, ISO 3166-2 after the dash).
    #[must_use]
    pub fn mode(&self, country: Option<&str>, region: Option<&str>) -> ConsentMode {
        let Some(country) = country else { return self.default };
        let names = |rule: &&ConsentRegion| rule.countries.iter().any(|code| covers(code, country, region));
        self.regions.iter().find(names).map_or(self.default, |rule| rule.mode)
    }

    /// Whether any visitor may have to be asked.
    #[must_use]
    pub fn asks(&self) -> bool {
        let modes = self.regions.iter().map(|rule| rule.mode);
        modes.chain([self.default]).any(|mode| mode == ConsentMode::OptInAsk)
    }
}

fn covers(code: &str, country: &str, region: Option<&str>) -> bool {
    match code {
        "EEA" => EEA.contains(&country),
        "UK" => country == "GB",
        _ => match code.split_once('-') {
            Some((of, part)) => of == country && region == Some(part),
            None => code == country,
        },
    }
}

/// Whether a rule can name this: a country (ISO 3166-1 alpha-2), a region of one (ISO 3166-2, such as `US-CA`), `EEA`, or
/// `UK` for `GB`; in capitals.
#[must_use]
pub fn is_place(code: &str) -> bool {
    let (country, region) = code.split_once('-').map_or((code, None), |(country, region)| (country, Some(region)));
    if region.is_none() && matches!(country, "EEA" | "UK") {
        return true;
    }
    let sound = |region: &str| {
        (1..=3).contains(&region.len()) && region.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    COUNTRIES.split(' ').any(|known| known == country) && region.is_none_or(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_the_box_pixels_need_consent_where_law_asks_for_it() {
        let policy = ConsentPolicy::default();
        for country in EEA.iter().chain(&["GB", "CH"]) {
            assert_eq!(policy.mode(Some(country), None), ConsentMode::OptInPass, "{country}");
        }
        for country in [None, Some("US"), Some("JP"), Some("TR"), Some("")] {
            assert_eq!(policy.mode(country, Some("ZH")), ConsentMode::OptOut, "{country:?}");
        }
        assert!(!policy.asks());
    }

    #[test]
    fn the_first_rule_that_names_a_place_holds() {
        let rule = |codes: &[&str], mode| ConsentRegion {
            countries: codes.iter().map(|code| (*code).to_owned()).collect(),
            mode,
        };
        let policy = ConsentPolicy {
            regions: vec![
                rule(&["US-CA", "DE"], ConsentMode::OptInAsk),
                rule(&["US", "EEA"], ConsentMode::None),
                rule(&["UK"], ConsentMode::OptOut),
            ],
            default: ConsentMode::OptInPass,
        };
        let mode = |country, region| policy.mode(Some(country), region);
        assert_eq!(mode("US", Some("CA")), ConsentMode::OptInAsk);
        assert_eq!((mode("US", Some("NY")), mode("US", None)), (ConsentMode::None, ConsentMode::None));
        assert_eq!((mode("DE", Some("BY")), mode("FR", None)), (ConsentMode::OptInAsk, ConsentMode::None));
        assert_eq!((mode("GB", None), mode("CA", None)), (ConsentMode::OptOut, ConsentMode::OptInPass));
        assert_eq!(policy.mode(None, Some("CA")), ConsentMode::OptInPass);
        assert!(policy.asks());
    }

    #[test]
    fn places_are_known_by_their_codes() {
        for good in ["DE", "US", "US-CA", "GB-ENG", "FR-75", "EEA", "UK", "CH", "ZW"] {
            assert!(is_place(good), "{good}");
        }
        for bad in ["", "de", "EU", "XX", "EEA-1", "UK-ENG", "US-", "US-CALI", "US-ca", "US CA", "Germany", "AD AE"] {
            assert!(!is_place(bad), "{bad}");
        }
        assert!(EEA.iter().all(|country| is_place(country)));
        assert_eq!(COUNTRIES.split_whitespace().count(), 249);
    }

    #[test]
    fn rules_are_read_as_they_were_written() {
        let policy = ConsentPolicy::default();
        let text = serde_json::to_string(&policy).unwrap();
        assert!(text.contains(r#""mode":"opt_in_pass""#), "{text}");
        assert_eq!(serde_json::from_str::<ConsentPolicy>(&text).unwrap(), policy);
        assert_eq!(serde_json::from_str::<ConsentPolicy>("{}").unwrap(), policy);
    }
}
