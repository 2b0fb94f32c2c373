//! How a tenant's pages look and speak: its name, logo and colour, the languages of pages, and the texts that a tenant
//! may put in place of ours. Checked by the API before they are stored.

use serde::{Deserialize, Serialize};

/// Longest display name, in characters.
pub const MAX_NAME: usize = 60;
/// Largest logo, in bytes before it is encoded.
pub const MAX_LOGO: usize = 20 * 1024;
/// Longest text of a page, in characters.
pub const MAX_TEXT: usize = 200;
/// Most texts of a tenant.
pub const MAX_TEXTS: usize = 60;

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
    /// Italian.
    It,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
    /// Japanese.
    Ja,
    /// Arabic.
    Ar,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 10] =
        [Self::En, Self::De, Self::Fr, Self::Es, Self::Pt, Self::It, Self::Nl, Self::Pl, Self::Ja, Self::Ar];

    /// ISO 639-1.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Pt => "pt",
            Self::It => "it",
            Self::Nl => "nl",
            Self::Pl => "pl",
            Self::Ja => "ja",
            Self::Ar => "ar",
        }
    }

    /// Whether it is written from right to left.
    #[must_use]
    pub const fn is_right_to_left(self) -> bool {
        matches!(self, Self::Ar)
    }
}

/// A text of a page. In it `{host}` stands for the destination's host and `{tenant}` for the tenant's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageText {
    /// Stopover: where one is going.
    OnYourWay,
    /// Stopover and question: from whom.
    SharedBy,
    /// Stopover: the link that leads on.
    GoOn,
    /// Question: its title.
    ConsentTitle,
    /// Question: what is asked.
    ConsentText,
    /// Question: above the names of the networks.
    ConsentNetworks,
    /// Question: how long the answer holds.
    ConsentNote,
    /// Question: the button that agrees.
    Accept,
    /// Question: the button that refuses.
    Decline,
    /// A link that was put away or has expired: title.
    GoneTitle,
    /// A link that was put away or has expired: text.
    GoneText,
    /// A link before its start: title.
    NotStartedTitle,
    /// A link before its start: text.
    NotStartedText,
    /// No such link: title.
    UnknownTitle,
    /// No such link: text.
    UnknownText,
    /// A request that names no host: title.
    BadRequestTitle,
    /// A request that names no host: text.
    BadRequestText,
    /// A link that cannot be looked up just now: title.
    BusyTitle,
    /// A link that cannot be looked up just now: text.
    BusyText,
}

impl PageText {
    /// All of them; a tenant may change the first 13, the others stand where no tenant is known.
    pub const ALL: [Self; 19] = [
        Self::OnYourWay,
        Self::SharedBy,
        Self::GoOn,
        Self::ConsentTitle,
        Self::ConsentText,
        Self::ConsentNetworks,
        Self::ConsentNote,
        Self::Accept,
        Self::Decline,
        Self::GoneTitle,
        Self::GoneText,
        Self::NotStartedTitle,
        Self::NotStartedText,
        Self::UnknownTitle,
        Self::UnknownText,
        Self::BadRequestTitle,
        Self::BadRequestText,
        Self::BusyTitle,
        Self::BusyText,
    ];

    /// Its key in the file of texts.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::OnYourWay => "on_your_way",
            Self::SharedBy => "shared_by",
            Self::GoOn => "go_on",
            Self::ConsentTitle => "consent_title",
            Self::ConsentText => "consent_text",
            Self::ConsentNetworks => "consent_networks",
            Self::ConsentNote => "consent_note",
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::GoneTitle => "gone_title",
            Self::GoneText => "gone_text",
            Self::NotStartedTitle => "not_started_title",
            Self::NotStartedText => "not_started_text",
            Self::UnknownTitle => "unknown_title",
            Self::UnknownText => "unknown_text",
            Self::BadRequestTitle => "bad_request_title",
            Self::BadRequestText => "bad_request_text",
            Self::BusyTitle => "busy_title",
            Self::BusyText => "busy_text",
        }
    }
}

/// A text that a tenant put in place of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnText {
    /// In which language.
    pub language: Language,
    /// Which text.
    pub key: PageText,
    /// The text, at most [`MAX_TEXT`] characters.
    pub text: String,
}

/// How a tenant's pages look and speak.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Branding {
    /// Shown in place of the tenant's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A picture as a `data:` address of type PNG, JPEG or WebP in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Colour of buttons, `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// Texts in place of ours, at most [`MAX_TEXTS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<OwnText>,
}

/// Red, green and blue of `#rrggbb`.
#[must_use]
pub fn colour_of(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    let all_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if all_hexadecimal { Some([part(0)?, part(2)?, part(4)?]) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_codes_are_those_of_the_encoding() {
        for text in PageText::ALL {
            assert_eq!(serde_json::to_string(&text).unwrap(), format!("\"{}\"", text.key()));
        }
        for language in Language::ALL {
            assert_eq!(serde_json::to_string(&language).unwrap(), format!("\"{}\"", language.code()));
        }
        for (at, text) in PageText::ALL.iter().enumerate() {
            assert_eq!(*text as usize, at);
        }
    }

    #[test]
    fn a_colour_has_three_parts() {
        assert_eq!(colour_of("#0aF010"), Some([10, 240, 16]));
        for bad in ["", "#", "0af010", "#0af01", "#0af0100", "#0ag010", "#+1+1+1", "#\u{e4}\u{e4}\u{e4}", "red"] {
            assert_eq!(colour_of(bad), None, "{bad}");
        }
    }
}
