//! How a tenant's pages look and speak: what of it may be stored. A logo is taken apart and put together again, so that
//! nothing but a picture reaches a page.

use crate::{
    error::{Code, Error, Mistake, Mistakes},
    scope::TenantScope,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use contract::{
    branding::{Branding, MAX_LOGO, MAX_NAME, MAX_TEXT, MAX_TEXTS, OwnText, colour_of},
    document::{self, DocumentError},
};
use entities::documents;
use sea_orm::{DatabaseTransaction, prelude::Json};
use std::collections::HashSet;

/// A media type, and whether bytes look like it.
type Picture = (&'static str, fn(&[u8]) -> bool);

/// Pictures that a page shows. SVG is none of them: it can hold scripts.
const PICTURES: [Picture; 3] = [
    ("image/png", |bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", |bytes| bytes.starts_with(b"\xff\xd8\xff")),
    ("image/webp", |bytes| bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")),
];

/// What to change; `None` leaves a value as it is, an empty text takes it away.
#[derive(Debug, Clone, Default)]
pub struct BrandingChange {
    /// Up to 60 characters.
    pub name: Option<String>,
    /// A `data:` address.
    pub logo: Option<String>,
    /// `#rrggbb`.
    pub colour: Option<String>,
    /// All texts in place of ours.
    pub texts: Option<Vec<OwnText>>,
}

/// What is wrong with one value.
type Wrong = (Code, String);

/// Notes what is wrong with a change and gives it as it is to be stored.
pub(crate) fn check(change: BrandingChange, mistakes: &mut Mistakes) -> BrandingChange {
    let name = change.name.map(|name| name.trim().to_owned());
    if let Some(wrong) = name.as_deref().and_then(|name| text_mistake(name, MAX_NAME)) {
        note(mistakes, &["name"], wrong);
    }
    let colour = change.colour.map(|colour| colour.trim().to_ascii_lowercase());
    if colour.as_ref().is_some_and(|colour| !colour.is_empty() && colour_of(colour).is_none()) {
        note(mistakes, &["colour"], (Code::Invalid, "must look like #0a7cff".to_owned()));
    }
    let logo = change.logo.map(|logo| {
        picture(logo.trim()).unwrap_or_else(|wrong| {
            note(mistakes, &["logo"], wrong);
            String::new()
        })
    });
    let texts = change.texts.map(|texts| check_texts(texts, mistakes));
    BrandingChange { name, logo, colour, texts }
}

fn check_texts(mut texts: Vec<OwnText>, mistakes: &mut Mistakes) -> Vec<OwnText> {
    if texts.len() > MAX_TEXTS {
        note(mistakes, &["texts"], (Code::TooLong, format!("must have at most {MAX_TEXTS} rows")));
        return Vec::new();
    }
    let mut met = HashSet::new();
    for (row, own) in texts.iter_mut().enumerate() {
        own.text = own.text.trim().to_owned();
        let row = row.to_string();
        let empty = own.text.is_empty().then(|| (Code::Invalid, "must not be empty".to_owned()));
        if let Some(wrong) = text_mistake(&own.text, MAX_TEXT).or(empty) {
            note(mistakes, &["texts", &row, "text"], wrong);
        }
        if !met.insert((own.language, own.key)) {
            let wrong = (Code::Taken, "has a text in this language above".to_owned());
            note(mistakes, &["texts", &row, "key"], wrong);
        }
    }
    texts
}

fn note(mistakes: &mut Mistakes, path: &[&str], (code, message): Wrong) {
    let field = ["branding"].iter().chain(path).map(|part| (*part).to_owned()).collect();
    mistakes.push(Mistake { field, code, message });
}

fn text_mistake(text: &str, most: usize) -> Option<Wrong> {
    if text.chars().count() > most {
        return Some((Code::TooLong, format!("must have at most {most} characters")));
    }
    text.contains(char::is_control).then(|| (Code::Invalid, "must not hold control characters".to_owned()))
}

/// The logo, encoded anew; empty for an empty text.
fn picture(address: &str) -> Result<String, Wrong> {
    if address.is_empty() {
        return Ok(String::new());
    }
    let wrong = || (Code::Invalid, "must be a data: address of a PNG, JPEG or WebP picture in base64".to_owned());
    let large = || (Code::TooLong, format!("must have at most {MAX_LOGO} bytes before it is encoded"));
    let (kind, encoded) =
        address.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")).ok_or_else(wrong)?;
    let (kind, is_it) = PICTURES.iter().find(|(known, _)| *known == kind).ok_or_else(wrong)?;
    if encoded.len() > MAX_LOGO.div_ceil(3) * 4 {
        return Err(large());
    }
    let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| wrong())?;
    if bytes.len() > MAX_LOGO {
        return Err(large());
    }
    if is_it(&bytes) { Ok(format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes))) } else { Err(wrong()) }
}

/// What is stored once a checked change was made.
pub(crate) fn applied(before: Option<Json>, change: BrandingChange) -> Result<Json, Error> {
    let mut branding: Branding = super::stored(before)?;
    for (value, new) in
        [(&mut branding.name, change.name), (&mut branding.logo, change.logo), (&mut branding.colour, change.colour)]
    {
        if let Some(new) = new {
            *value = Some(new).filter(|new| !new.is_empty());
        }
    }
    if let Some(texts) = change.texts {
        branding.texts = texts;
    }
    serde_json::to_value(branding).map_err(|error| Error::Fault(error.to_string()))
}

/// Refuses a tenant's document that could not be cached any more.
pub(crate) async fn check_size(tx: &DatabaseTransaction, scope: &TenantScope) -> Result<(), Error> {
    let composed = documents::tenant(tx, scope.tenant_id()).await?;
    match composed.value.as_ref().map(document::encode) {
        Some(Err(DocumentError::TooLarge(_))) => {
            let rule = "makes the tenant too large together with its pixels; take a smaller logo or fewer texts";
            Err(Error::mistake("branding", Code::LimitReached, rule))
        }
        Some(Err(error)) => Err(Error::Fault(error.to_string())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::branding::{Language, PageText};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

    fn data(kind: &str, bytes: &[u8]) -> String {
        format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes))
    }

    fn mistakes(change: BrandingChange) -> Vec<(String, Code)> {
        let mut mistakes = Mistakes::default();
        drop(check(change, &mut mistakes));
        match mistakes.check() {
            Err(Error::Mistakes(all)) => all.into_iter().map(|one| (one.field.join("."), one.code)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn only_pictures_are_logos() {
        for (kind, bytes) in
            [("image/png", PNG), ("image/jpeg", b"\xff\xd8\xff\xe0"), ("image/webp", b"RIFF\x10\0\0\0WEBPVP8 ")]
        {
            assert_eq!(picture(&data(kind, bytes)), Ok(data(kind, bytes)));
        }
        for bad in [
            data("image/svg+xml", b"<svg/>"),
            data("image/png", b"<svg/>"),
            data("text/html", PNG),
            "data:image/png,abc".to_owned(),
            "data:image/png;base64,\"><script>".to_owned(),
            "https://a.example/logo.png".to_owned(),
        ] {
            assert_eq!(picture(&bad).map_err(|(code, _)| code), Err(Code::Invalid), "{bad}");
        }
        let of = |bytes: usize| data("image/png", &[PNG, &vec![0; bytes - PNG.len()]].concat());
        assert!(picture(&of(MAX_LOGO)).is_ok());
        assert_eq!(picture(&of(MAX_LOGO + 1)).map_err(|(code, _)| code), Err(Code::TooLong));
        assert_eq!(picture(&of(MAX_LOGO * 3)).map_err(|(code, _)| code), Err(Code::TooLong));
    }

    #[test]
    fn all_the_mistakes_come_back_at_once() {
        let own = |text: &str| OwnText { language: Language::De, key: PageText::Accept, text: text.to_owned() };
        let change = BrandingChange {
            name: Some("x".repeat(61)),
            logo: Some("x".to_owned()),
            colour: Some("red".to_owned()),
            texts: Some(vec![own("Ja"), own(" "), own("a\nb")]),
        };
        let fields: Vec<_> = mistakes(change).into_iter().map(|(field, _)| field).collect();
        let texts = ["texts.1.text", "texts.1.key", "texts.2.text", "texts.2.key"];
        let expected: Vec<_> =
            ["name", "colour", "logo"].into_iter().chain(texts).map(|field| format!("branding.{field}")).collect();
        assert_eq!(fields, expected);
        let many = BrandingChange { texts: Some(vec![own("Ja"); MAX_TEXTS + 1]), ..BrandingChange::default() };
        assert_eq!(mistakes(many), [("branding.texts".to_owned(), Code::TooLong)]);
    }

    #[test]
    fn what_is_left_out_stays_and_what_is_empty_goes() {
        let change = |name: Option<&str>, colour: Option<&str>| BrandingChange {
            name: name.map(str::to_owned),
            colour: colour.map(str::to_owned),
            ..BrandingChange::default()
        };
        let first = applied(None, change(Some("Acme"), Some("#000000"))).unwrap();
        let second: Branding = serde_json::from_value(applied(Some(first), change(None, Some(""))).unwrap()).unwrap();
        assert_eq!(second, Branding { name: Some("Acme".to_owned()), ..Branding::default() });
    }
}
