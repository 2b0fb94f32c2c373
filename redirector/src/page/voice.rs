//! The voice of a page: in which language it speaks, for which tenant, of which destination. A page is rendered once with
//! marks for these parts, and each visit fills them in from the file of texts or from the tenant's own, so that no page
//! is kept once a language.

use super::{brand, escape};
use contract::{
    branding::{Branding, Language, PageText},
    document::TenantDocument,
};
use std::{borrow::Cow, collections::HashMap, ops::RangeInclusive, sync::LazyLock};

/// The file of texts, by key and language.
const TEXTS: &str = include_str!("../../templates/texts.json");

/// Texts in the order of [`PageText::ALL`], each in the order of [`Language::ALL`].
type Table = Vec<[String; Language::ALL.len()]>;

/// A text that is missing would be empty; a test holds that none is.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut read: HashMap<String, HashMap<String, String>> = serde_json::from_str(TEXTS).unwrap_or_default();
    let mut take = |text: PageText| {
        let mut of_text = read.remove(text.key()).unwrap_or_default();
        Language::ALL.map(|language| of_text.remove(language.code()).unwrap_or_default())
    };
    PageText::ALL.into_iter().map(&mut take).collect()
});

/// What a page says in its own words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Voice<'a> {
    /// The language.
    pub language: Language,
    /// Whose page it is; `None` where that is not known.
    pub tenant: Option<&'a TenantDocument>,
    /// Host of the destination; empty where there is none.
    pub host: &'a str,
}

/// A part of a page that depends on the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The code of the language.
    Language,
    /// The direction in which the language is written.
    Direction,
    /// The style of the tenant's colour and logo; nothing where it has neither.
    Style,
    /// The tenant's logo as an element; nothing where it has none.
    Logo,
    /// From whom the link is, as an element; nothing where that is not known.
    Sender,
    /// A text.
    Text(PageText),
}

/// The parts that are no texts.
const OTHERS: [Part; 5] = [Part::Language, Part::Direction, Part::Style, Part::Logo, Part::Sender];

impl Part {
    /// The part of that number.
    pub(super) fn numbered(number: usize) -> Option<Self> {
        let text = || PageText::ALL.get(number - OTHERS.len()).map(|text| Self::Text(*text));
        OTHERS.get(number).copied().or_else(text)
    }

    /// All parts with their numbers and the names they have in templates.
    pub(super) fn all() -> impl Iterator<Item = (usize, Self, &'static str)> {
        (0..OTHERS.len() + PageText::ALL.len()).filter_map(|number| {
            let part = Self::numbered(number)?;
            let name = match part {
                Self::Language => "language",
                Self::Direction => "direction",
                Self::Style => "style",
                Self::Logo => "logo",
                Self::Sender => "sender",
                Self::Text(text) => text.key(),
            };
            Some((number, part, name))
        })
    }
}

impl Voice<'_> {
    /// The tenant's name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        self.tenant.map_or("", |tenant| tenant.branding.name.as_deref().unwrap_or(&tenant.name))
    }

    fn branding(&self) -> Option<&Branding> {
        self.tenant.map(|tenant| &tenant.branding)
    }

    /// Whether the page shows a picture.
    #[must_use]
    pub fn has_logo(&self) -> bool {
        self.branding().is_some_and(|branding| brand::logo(branding).is_some())
    }

    /// Appends a part, escaped for HTML.
    pub(super) fn push(&self, part: Part, out: &mut Vec<u8>) {
        match part {
            Part::Language => out.extend_from_slice(self.language.code().as_bytes()),
            Part::Direction => out.extend_from_slice(if self.language.is_right_to_left() { b"rtl" } else { b"ltr" }),
            Part::Style => self.branding().into_iter().for_each(|branding| brand::push_style(branding, out)),
            Part::Logo => self.branding().into_iter().for_each(|branding| brand::push_logo(branding, out)),
            Part::Sender if self.tenant.is_some() => {
                out.extend_from_slice(b"<p>");
                self.push_text(PageText::SharedBy, out);
                out.extend_from_slice(b"</p>\n");
            }
            Part::Sender => {}
            Part::Text(text) => self.push_text(text, out),
        }
    }

    fn push_text(&self, text: PageText, out: &mut Vec<u8>) {
        let own = self
            .branding()
            .and_then(|branding| branding.texts.iter().find(|own| own.key == text && own.language == self.language));
        let name = plain(self.name());
        let own = own.map(|own| plain(&own.text));
        let mut rest = own.as_deref().unwrap_or_else(|| ours(text, self.language));
        while let Some(at) = rest.find('{') {
            escape::push_text(out, &rest[..at]);
            rest = &rest[at..];
            let (value, length) = if rest.starts_with("{host}") {
                (self.host, "{host}".len())
            } else if rest.starts_with("{tenant}") {
                (&*name, "{tenant}".len())
            } else {
                ("{", 1)
            };
            if length > 1 && self.language.is_right_to_left() {
                // what is written the other way round keeps its full stops to itself: Unicode's bidirectional isolates
                // work in titles too, where elements do not
                escape::push_text(out, &format!("\u{2068}{value}\u{2069}"));
            } else {
                escape::push_text(out, value);
            }
            rest = &rest[length..];
        }
        escape::push_text(out, rest);
    }
}

/// A tenant's words without the characters that turn the direction of what follows (Unicode's embeddings, overrides and
/// isolates): none may make another host of the one that stands beside them.
fn plain(words: &str) -> Cow<'_, str> {
    const TURNS: [RangeInclusive<char>; 2] = ['\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
    let turns = |character: char| TURNS.iter().any(|range| range.contains(&character));
    if words.contains(turns) { Cow::Owned(words.replace(turns, "")) } else { Cow::Borrowed(words) }
}

fn ours(text: PageText, language: Language) -> &'static str {
    TABLE.get(text as usize).map_or("", |of_text| of_text[language as usize].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{branding::OwnText, document::Policy};
    use uuid::Uuid;

    fn tenant(branding: Branding) -> TenantDocument {
        TenantDocument {
            tenant_id: Uuid::nil(),
            name: "Ann & Co".to_owned(),
            active: true,
            policy: Policy::default(),
            pixels: Vec::new(),
            branding,
        }
    }

    fn said(voice: Voice<'_>, part: Part) -> String {
        let mut out = Vec::new();
        voice.push(part, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_text_is_there_in_every_language_with_the_same_places() {
        let read: HashMap<String, HashMap<String, String>> = serde_json::from_str(TEXTS).unwrap();
        assert_eq!(read.len(), PageText::ALL.len());
        for text in PageText::ALL {
            assert_eq!(read[text.key()].len(), Language::ALL.len(), "{text:?}");
            let places = |language| ["{host}", "{tenant}"].map(|place| ours(text, language).contains(place));
            for (at, language) in Language::ALL.into_iter().enumerate() {
                assert_eq!(language as usize, at);
                let said = ours(text, language);
                assert!(!said.trim().is_empty() && said.chars().count() <= 220, "{text:?} {language:?}");
                assert_eq!(places(language), places(Language::En), "{text:?} {language:?}");
            }
        }
    }

    #[test]
    fn parts_have_the_numbers_they_are_found_by() {
        let all: Vec<_> = Part::all().collect();
        assert_eq!(all.len(), OTHERS.len() + PageText::ALL.len());
        for (number, part, _) in all {
            assert_eq!(Part::numbered(number), Some(part));
        }
        assert_eq!(Part::numbered(99), None);
    }

    #[test]
    fn a_page_speaks_the_visitors_language_and_the_tenants_words() {
        let own = OwnText {
            language: Language::De,
            key: PageText::SharedBy,
            text: "<b>{tenant}</b> {x} {host} {".to_owned(),
        };
        let branding = Branding { name: Some("Acme <3".to_owned()), texts: vec![own], ..Branding::default() };
        let (plain, branded) = (tenant(Branding::default()), tenant(branding));
        let voice = |tenant, language| Voice { language, tenant: Some(tenant), host: "a.example" };
        let shared = Part::Text(PageText::SharedBy);
        assert_eq!(said(voice(&plain, Language::De), shared), "Geteilt von Ann &amp; Co");
        assert_eq!(said(voice(&branded, Language::De), shared), "&lt;b&gt;Acme &lt;3&lt;/b&gt; {x} a.example {");
        assert_eq!(said(voice(&branded, Language::Fr), Part::Sender), "<p>Partagé par Acme &lt;3</p>\n");
        assert_eq!(said(Voice::default(), Part::Sender), "");
        let turned = tenant(Branding { name: Some("moc\u{202e}\u{2067}.x".to_owned()), ..Branding::default() });
        assert_eq!(said(voice(&turned, Language::Fr), shared), "Partagé par moc.x", "nothing turns what follows");
        assert_eq!(said(voice(&plain, Language::Ja), Part::Language), "ja");
        assert_eq!(said(voice(&plain, Language::Ja), Part::Direction), "ltr");
        assert_eq!(said(voice(&plain, Language::Ar), Part::Direction), "rtl");
        assert_eq!(
            said(voice(&plain, Language::Ar), shared),
            "تمت المشاركة بواسطة \u{2068}Ann &amp; Co\u{2069}",
            "names stand apart from what is written the other way round"
        );
        assert_eq!(
            said(voice(&plain, Language::En), Part::Text(PageText::OnYourWay)),
            "You are on your way to a.example"
        );
    }
}
