//! Addresses in HTML: the `href` of `<a>` and `<area>`. A tokenizer says where tags stand and what their attributes mean,
//! as browsers read them: comments (and with them what Outlook alone sees), scripts and styles are none. What is shown
//! where scripts are off is read as where they are. Where in the tag
//! the value stands is looked for here, by the same rules.

use super::{Findings, address};
use html5gum::{State, Token, Tokenizer, emitters::default::DefaultEmitter};
use std::{convert::Infallible, ops::Range};

/// Finds the values of `href`, without the quotation marks around them.
pub(super) fn find(content: &str) -> Findings {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut findings = Findings::default();
    let mut tokens = Tokenizer::new_with_emitter(content, emitter);
    while let Some(token) = tokens.next() {
        let token: Result<Token<usize>, Infallible> = token;
        let Ok(Token::StartTag(tag)) = token else { continue };
        if tag.name.as_slice() == b"noscript" {
            // mail programs run no scripts: what is in it is what they show
            tokens.set_state(State::Data);
        }
        if !matches!(tag.name.as_slice(), b"a" | b"area") {
            continue;
        }
        let Some(value) = tag.attributes.get(&b"href"[..]) else { continue };
        let value = String::from_utf8_lossy(&value.value);
        // browsers take these out of an address, wherever they stand
        let address: String = value
            .trim_matches(|character| character <= ' ')
            .chars()
            .filter(|character| !matches!(character, '\t' | '\n' | '\r'))
            .collect();
        if !address::is_http(&address) {
            continue;
        }
        match place(content, tag.span.start..tag.span.end, tag.name.len()) {
            Some(range) => findings.places.push((range, address)),
            None => findings.unplaced.push(address),
        }
    }
    findings
}

/// Where the value of `href` stands in a tag.
fn place(content: &str, tag: Range<usize>, name: usize) -> Option<Range<usize>> {
    let text = content.get(tag.clone())?;
    if !text.starts_with('<') || !text.ends_with('>') {
        return None;
    }
    let bytes = text.as_bytes();
    let mut at = 1 + name;
    while at < bytes.len() {
        let (name, value) = attribute(bytes, &mut at)?;
        if name.eq_ignore_ascii_case(b"href") {
            let value = value?;
            return Some(tag.start + value.start..tag.start + value.end);
        }
    }
    None
}

/// Reads one attribute from `at` on: its name, and where its value stands. The states "before attribute name" and the
/// following of the HTML standard.
fn attribute<'a>(bytes: &'a [u8], at: &mut usize) -> Option<(&'a [u8], Option<Range<usize>>)> {
    let space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
    let skip = |from: usize, stop: &dyn Fn(u8) -> bool| {
        bytes[from..].iter().position(|byte| stop(*byte)).map_or(bytes.len(), |length| from + length)
    };
    let start = skip(*at, &|byte| !space(byte) && byte != b'/');
    if matches!(bytes.get(start), None | Some(b'>')) {
        return None;
    }
    // a name may start with the sign that ends every other
    let end = skip(start + 1, &|byte| space(byte) || matches!(byte, b'/' | b'>' | b'='));
    let name = &bytes[start..end];
    let sign = skip(end, &|byte| !space(byte));
    if bytes.get(sign) != Some(&b'=') {
        *at = sign;
        return Some((name, None));
    }
    let value = skip(sign + 1, &|byte| !space(byte));
    let range = match bytes.get(value) {
        Some(quote @ (b'"' | b'\'')) => value + 1..skip(value + 1, &|byte| byte == *quote),
        _ => value..skip(value, &|byte| space(byte) || byte == b'>'),
    };
    let quoted = usize::from(matches!(bytes.get(value), Some(b'"' | b'\'')));
    *at = range.end + quoted;
    Some((name, Some(range)))
}
