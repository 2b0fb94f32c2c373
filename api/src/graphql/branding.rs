//! How a tenant's pages look and speak.

use crate::tenants::branding::BrandingChange;
use async_graphql::{Enum, InputObject, SimpleObject};
use contract::branding;

/// A language of pages; a visitor gets the one that the browser prefers, else English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "branding::Language")]
pub enum PageLanguage {
    /// English.
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

/// A text of a tenant's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum PageTextKey {
    /// On the stopover: where one is going.
    OnYourWay,
    /// On the stopover and on the pages of links that lead nowhere: from whom the link is.
    SharedBy,
    /// On the stopover: the link that leads on.
    GoOn,
    /// On the question: its title.
    ConsentTitle,
    /// On the question: what is asked.
    ConsentText,
    /// On the question: above the names of the networks.
    ConsentNetworks,
    /// On the question: how long the answer holds.
    ConsentNote,
    /// On the question: the button that agrees.
    Accept,
    /// On the question: the button that declines.
    Decline,
    /// On the page of a link that was put away or has expired: the title.
    GoneTitle,
    /// On the page of a link that was put away or has expired: the text.
    GoneText,
    /// On the page of a link before its start: the title.
    NotStartedTitle,
    /// On the page of a link before its start: the text.
    NotStartedText,
}

impl PageTextKey {
    /// In the order of [`branding::PageText::ALL`].
    const ALL: [Self; 13] = [
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
    ];

    const fn text(self) -> branding::PageText {
        branding::PageText::ALL[self as usize]
    }

    fn of(text: branding::PageText) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.text() == text)
    }
}

/// A text in place of ours.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct PageText {
    /// In which language.
    language: PageLanguage,
    /// Which text.
    key: PageTextKey,
    /// The text; `{host}` stands for the destination's host and `{tenant}` for the tenant's name.
    text: String,
}

/// How a tenant's pages look and speak: the stopover, the question for consent, and the pages of links that lead nowhere.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Branding {
    /// Shown in place of the tenant's name; null when there is none.
    name: Option<String>,
    /// A picture as a `data:` address; null when there is none.
    logo: Option<String>,
    /// Colour of buttons, `#rrggbb`; null when there is none.
    colour: Option<String>,
    /// Texts in place of ours, at most 60.
    texts: Vec<PageText>,
}

impl From<branding::Branding> for Branding {
    fn from(branding: branding::Branding) -> Self {
        let text = |own: branding::OwnText| {
            Some(PageText { language: own.language.into(), key: PageTextKey::of(own.key)?, text: own.text })
        };
        let texts = branding.texts.into_iter().filter_map(text).collect();
        Self { name: branding.name, logo: branding.logo, colour: branding.colour, texts }
    }
}

/// A text in place of ours.
#[derive(InputObject)]
pub struct PageTextInput {
    /// In which language.
    language: PageLanguage,
    /// Which text; once a language.
    key: PageTextKey,
    /// 1 to 200 characters; `{host}` stands for the destination's host and `{tenant}` for the tenant's name.
    text: String,
}

/// What to change in how a tenant's pages look and speak; what is left out, or null, stays as it is.
#[derive(InputObject)]
pub struct BrandingInput {
    /// Shown in place of the tenant's name, at most 60 characters; an empty text takes it away.
    name: Option<String>,
    /// A picture as a `data:` address in base64: PNG, JPEG or WebP, at most 20 KiB before it is encoded. An empty text
    /// takes it away.
    logo: Option<String>,
    /// Colour of buttons, `#rrggbb`; their text is black or white, whichever reads better. An empty text takes it away.
    colour: Option<String>,
    /// Texts in place of ours; replace all that were there. At most 60.
    texts: Option<Vec<PageTextInput>>,
}

impl From<BrandingInput> for BrandingChange {
    fn from(input: BrandingInput) -> Self {
        let own = |text: PageTextInput| branding::OwnText {
            language: text.language.into(),
            key: text.key.text(),
            text: text.text,
        };
        let texts = input.texts.map(|texts| texts.into_iter().map(own).collect());
        Self { name: input.name, logo: input.logo, colour: input.colour, texts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_the_text_of_its_name() {
        for key in PageTextKey::ALL {
            assert_eq!(PageTextKey::of(key.text()), Some(key));
            assert_eq!(format!("{key:?}"), format!("{:?}", key.text()));
        }
        assert_eq!(PageTextKey::of(branding::PageText::BusyText), None);
    }
}
