//! Which language of ours a visitor reads best, from `Accept-Language` (RFC 9110, section 12.5.4).

use contract::branding::Language;
use poem::http::{HeaderMap, header};

/// Most languages of a header that are looked at.
const MAX_LANGUAGES: usize = 20;

/// The language of ours with the highest quality, the first of several; English for none.
#[must_use]
pub fn preferred(headers: &HeaderMap) -> Language {
    let Some(header) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Language::En;
    };
    let mut best = (0, Language::En);
    for range in header.split(',').take(MAX_LANGUAGES) {
        let mut parts = range.split(';');
        let Some(language) = parts.next().and_then(known) else { continue };
        let quality = parts.find_map(|part| part.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('='));
        let quality = quality.map_or(1_000, |quality| thousandths(quality.trim()));
        if quality > best.0 {
            best = (quality, language);
        }
    }
    best.1
}

fn known(range: &str) -> Option<Language> {
    let primary = range.trim().split(['-', '_']).next()?;
    Language::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
}

/// A quality in thousandths; 0 for what is none.
fn thousandths(quality: &str) -> u32 {
    let (whole, rest) = quality.split_once('.').unwrap_or((quality, ""));
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let fraction =
        rest.bytes().fold((0, 100), |(sum, unit), digit| (sum + u32::from(digit - b'0') * unit, unit / 10)).0;
    match whole {
        "1" => 1_000,
        "0" => fraction,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    #[test]
    fn the_best_language_of_ours_is_chosen() {
        for (header, expected) in [
            ("de-CH,de;q=0.9,en;q=0.8", Language::De),
            ("sv, fr;q=0.5, ja;q=0.7", Language::Ja),
            ("en;q=0.1, PT-BR ; q=0.3", Language::Pt),
            ("fr;q=0, nl;q=0.001", Language::Nl),
            ("fr;q=2, it;q=0.5", Language::It),
            ("sv,*", Language::En),
            ("es, pl", Language::Es),
            ("ar-EG, ar;q=0.9, en;q=0.8", Language::Ar),
            ("", Language::En),
            ("fr;q=\u{7f}", Language::En),
            ("fr;q=0.12345", Language::En),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::ACCEPT_LANGUAGE,
                HeaderValue::from_bytes(header.as_bytes()).unwrap_or(HeaderValue::from_static("")),
            );
            assert_eq!(preferred(&headers), expected, "{header}");
        }
        assert_eq!(preferred(&HeaderMap::new()), Language::En);
    }
}
