//! A tenant's colour and logo on its pages, and the content security policies that allow for them.

use super::escape;
use contract::branding::{Branding, colour_of};

/// The logo's place is kept before it is decoded, so that nothing moves.
const LOGO: &str = "\n.logo{display:block;width:100%;height:3rem;object-fit:contain;margin:0 0 1rem}";
/// The link that leads on, as a button in the tenant's colour.
const BUTTON: &str = "\nmain a{display:inline-block;padding:.625rem 1.25rem;border:1px solid GrayText;\
    border-radius:.5rem;font-weight:600;text-decoration:none;background:var(--fill);color:var(--ink)}";

/// The logo's address, where it is a picture.
pub(super) fn logo(branding: &Branding) -> Option<&str> {
    branding.logo.as_deref().filter(|logo| logo.starts_with("data:image/"))
}

/// Appends the style of a tenant's colour and logo.
pub(super) fn push_style(branding: &Branding, out: &mut Vec<u8>) {
    if logo(branding).is_some() {
        out.extend_from_slice(LOGO.as_bytes());
    }
    if let Some([red, green, blue]) = branding.colour.as_deref().and_then(colour_of) {
        let ink = ink([red, green, blue]);
        let style = format!("\n:root{{--fill:#{red:02x}{green:02x}{blue:02x};--ink:{ink}}}");
        out.extend_from_slice(style.as_bytes());
        out.extend_from_slice(BUTTON.as_bytes());
    }
}

/// Appends the logo. It says nothing that the tenant's name beside it does not.
pub(super) fn push_logo(branding: &Branding, out: &mut Vec<u8>) {
    if let Some(logo) = logo(branding) {
        out.extend_from_slice(b"<img class=\"logo\" alt=\"\" src=\"");
        escape::push_text(out, logo);
        out.extend_from_slice(b"\">\n");
    }
}

/// Black or white, whichever has the larger contrast ratio to the colour (WCAG 2, relative luminance).
fn ink(colour: [u8; 3]) -> &'static str {
    let [red, green, blue] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    // (1 + 0.05) / (l + 0.05) is the contrast of white, (l + 0.05) / 0.05 that of black
    if (luminance + 0.05).powi(2) < 1.05 * 0.05 { "#fff" } else { "#000" }
}

/// Where a page may send its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forms {
    /// Nowhere.
    Closed,
    /// To its own address. Browsers hold the redirects that follow to the same list, and these lead to the destination
    /// and wherever that leads; so the schemes of destinations stand beside our own origin.
    Own,
}

/// The policy of a page without scripts.
pub(super) fn policy(nonce: &str, has_logo: bool, forms: Forms) -> String {
    let images = if has_logo { " img-src data:;" } else { "" };
    let forms = if forms == Forms::Own { "'self' https: http:" } else { "'none'" };
    format!(
        "default-src 'none'; style-src 'nonce-{nonce}';{images} base-uri 'none'; form-action {forms}; frame-ancestors 'none'"
    )
}

/// An interstitial's policy, with room for a logo.
pub(super) fn with_logo(policy: String, branding: &Branding) -> String {
    if logo(branding).is_none() {
        return policy;
    }
    if policy.contains("; img-src ") {
        return policy.replacen("; img-src ", "; img-src data: ", 1);
    }
    policy.replacen("; base-uri ", "; img-src data:; base-uri ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_a_colour_can_be_read() {
        for (colour, expected) in [
            ([0, 0, 0], "#fff"),
            ([255, 255, 255], "#000"),
            ([255, 230, 0], "#000"),
            ([10, 60, 160], "#fff"),
            ([117, 117, 117], "#fff"),
            ([118, 118, 118], "#000"),
        ] {
            assert_eq!(ink(colour), expected, "{colour:?}");
        }
    }

    #[test]
    fn only_a_picture_and_a_colour_reach_the_page() {
        let push = |branding: &Branding| {
            let mut out = Vec::new();
            push_style(branding, &mut out);
            push_logo(branding, &mut out);
            String::from_utf8(out).unwrap()
        };
        let of = |logo: &str, colour: &str| Branding {
            logo: Some(logo.to_owned()),
            colour: Some(colour.to_owned()),
            ..Branding::default()
        };
        let shown = push(&of("data:image/png;base64,\"><script>", "#0A0B0C"));
        assert!(shown.contains("--fill:#0a0b0c;--ink:#fff") && shown.contains("&quot;&gt;&lt;script&gt;"), "{shown}");
        assert_eq!(push(&of("https://a.example/x.png", "red;}")), "");
        assert_eq!(push(&Branding::default()), "");
    }

    #[test]
    fn a_policy_lets_pictures_in_only_with_a_logo() {
        let branding = Branding { logo: Some("data:image/png;base64,AA==".to_owned()), ..Branding::default() };
        let bare = || "default-src 'none'; base-uri 'none'".to_owned();
        assert_eq!(with_logo(bare(), &Branding::default()), bare());
        assert_eq!(with_logo(bare(), &branding), "default-src 'none'; img-src data:; base-uri 'none'");
        let hosts = "default-src 'none'; img-src https://a.example; base-uri 'none'".to_owned();
        assert!(with_logo(hosts, &branding).contains("; img-src data: https://a.example;"));
        assert!(policy("N", true, Forms::Closed).contains(" img-src data:; base-uri 'none'; form-action 'none';"));
        assert!(policy("N", false, Forms::Own).contains("'nonce-N'; base-uri 'none'; form-action 'self' "));
    }
}
