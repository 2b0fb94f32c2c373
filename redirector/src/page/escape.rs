//! The escapers, one for each place of a page that a value can stand in. Values for addresses are percent-encoded by
//! `contract::destination::encode_value`, which leaves nothing that any of these places minds.

/// Appends text for HTML: between tags and in quoted attributes.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            _ => out.push(byte),
        }
    }
}

/// Appends text for the inside of a JavaScript string in double quotes, itself inside a `<script>` element: nothing in
/// it ends the string, the line or the element.
pub(super) fn push_script(out: &mut Vec<u8>, text: &str) {
    for character in text.chars() {
        match character {
            '"' | '\'' | '`' | '\\' | '<' | '>' | '&' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                push_unit(out, u32::from(character));
            }
            control if control < ' ' => push_unit(out, u32::from(control)),
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn push_unit(out: &mut Vec<u8>, unit: u32) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(DIGITS[(unit >> shift) as usize & 15]);
    }
}

/// The text for HTML.
#[must_use]
pub(super) fn text(value: &str) -> String {
    collect(push_text, value)
}

/// The text as a JavaScript string, quotes included.
#[must_use]
pub(super) fn script(value: &str) -> String {
    format!("\"{}\"", collect(push_script, value))
}

fn collect(push: fn(&mut Vec<u8>, &str), value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    push(&mut out, value);
    // both escapers keep whole characters whole
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_place() {
        assert_eq!(text("<b a=\"1\" c='2'>&\u{e4}"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\u{e4}");
        let nasty = "</script><!--\"'`\\\r\n\u{2028}\u{2029}\u{85}&\u{0}\u{1f600}";
        let escaped =
            "\"\\u003c/script\\u003e\\u003c!--\\u0022\\u0027\\u0060\\u005c\\u000d\\u000a\\u2028\\u2029\\u0085";
        assert_eq!(script(nasty), format!("{escaped}\\u0026\\u0000\u{1f600}\""));
        assert_eq!(serde_json::from_str::<String>(&script(nasty)).as_deref().ok(), Some(nasty));
    }
}
