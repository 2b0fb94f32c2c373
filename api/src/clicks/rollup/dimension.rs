//! What clicks are broken down by, and the value that a click has in each dimension. The numbers stand in packed rollups:
//! they are never given out twice, and 6, 16 and 17 are kept for channels, variants and tags.

use contract::click::Click;
use std::borrow::Cow;

/// Longest value, in bytes; a longer one is cut.
pub const MAX_VALUE: usize = 200;

/// What clicks are broken down by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Dimension {
    /// The link, by its id in lower-case hexadecimal digits without dashes; in a tenant's rollups only.
    Link = 1,
    /// ISO 3166-1 alpha-2, such as `FR`.
    Country = 2,
    /// ISO 3166-2, such as `US-CA`.
    Region = 3,
    /// City and country, such as `Paris, FR`.
    City = 4,
    /// Host of the referring page.
    Referrer = 5,
    /// Kind of device.
    Device = 7,
    /// Family of the browser.
    Browser = 8,
    /// Family of the operating system.
    Os = 9,
    /// First language that the browser asks for.
    Language = 10,
    /// `utm_source`
    UtmSource = 11,
    /// `utm_medium`
    UtmMedium = 12,
    /// `utm_campaign`
    UtmCampaign = 13,
    /// `utm_term`
    UtmTerm = 14,
    /// `utm_content`
    UtmContent = 15,
}

impl Dimension {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Link,
        Self::Country,
        Self::Region,
        Self::City,
        Self::Referrer,
        Self::Device,
        Self::Browser,
        Self::Os,
        Self::Language,
        Self::UtmSource,
        Self::UtmMedium,
        Self::UtmCampaign,
        Self::UtmTerm,
        Self::UtmContent,
    ];

    /// The number in packed rollups.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The click's value, empty where it is unknown.
    pub(super) fn value_of(self, click: &Click) -> Cow<'_, str> {
        let value = match self {
            Self::Link => Cow::Owned(click.link_id.as_simple().to_string()),
            Self::Country => plain(&click.country),
            Self::Region => match (&click.country, &click.region) {
                (Some(country), Some(region)) => Cow::Owned(format!("{country}-{region}")),
                (_, region) => plain(region),
            },
            Self::City => match (&click.city, &click.country) {
                (Some(city), Some(country)) => Cow::Owned(format!("{city}, {country}")),
                (city, _) => plain(city),
            },
            Self::Referrer => plain(&click.referrer),
            Self::Device => Cow::Borrowed(click.device.name()),
            Self::Browser => plain(&click.browser),
            Self::Os => plain(&click.os),
            Self::Language => plain(&click.language),
            Self::UtmSource => plain(&click.utm.source),
            Self::UtmMedium => plain(&click.utm.medium),
            Self::UtmCampaign => plain(&click.utm.campaign),
            Self::UtmTerm => plain(&click.utm.term),
            Self::UtmContent => plain(&click.utm.content),
        };
        match value {
            Cow::Borrowed(value) => Cow::Borrowed(cut(value)),
            Cow::Owned(value) if value.len() > MAX_VALUE => Cow::Owned(cut(&value).to_owned()),
            short => short,
        }
    }
}

/// The part of a value that is counted.
pub(super) fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(MAX_VALUE)]
}

fn plain(value: &Option<String>) -> Cow<'_, str> {
    Cow::Borrowed(value.as_deref().unwrap_or_default())
}
