//! What is an outbound link in each format and what is none, and that nothing else changes.

use super::*;
use proptest::{collection::vec, prelude::*, sample::select};

/// What was found, as it stands in the content, with what it means where that is something else.
fn found(content: &str, format: Format) -> Vec<String> {
    let findings = find(content, format);
    assert_eq!(findings.unplaced, [""; 0], "{content}");
    let told = |(range, address): (Range<usize>, String)| {
        let raw = &content[range];
        if raw == address { address } else { format!("{raw} = {address}") }
    };
    findings.places.into_iter().map(told).collect()
}

#[test]
fn an_address_in_text_ends_where_a_reader_sees_its_end() {
    for (content, expected) in [
        ("See https://a.example/x.", &["https://a.example/x"][..]),
        ("(https://a.example/x), \"https://b.example\"!", &["https://a.example/x", "https://b.example"]),
        ("https://a.example/wiki/Link_(game)?q=1&b=2#c", &["https://a.example/wiki/Link_(game)?q=1&b=2#c"]),
        ("<https://a.example/>;HTTP://B.example/", &["https://a.example/", "HTTP://B.example/"]),
        ("見て https://a.example/x。次は（https://b.example/é）", &["https://a.example/x", "https://b.example/é"]),
        ("https://b\u{fc}cher.example/stra\u{df}e now", &["https://b\u{fc}cher.example/stra\u{df}e"]),
        ("https://a.example/\r\nhttps://a.example/", &["https://a.example/", "https://a.example/"]),
        ("www.a.example a.example ftp://a.example mailto:a@a.example xhttps://a.example tel:1 #https", &[]),
        ("", &[]),
    ] {
        assert_eq!(found(content, Format::Text), expected, "{content}");
    }
}

#[test]
fn a_placeholder_of_a_mail_program_is_never_cut() {
    for (content, address) in [
        ("see https://a.example/u?id=*|UNIQID|*&s=1 now", "https://a.example/u?id=*|UNIQID|*&s=1"),
        ("(https://a.example/(b{{ contact.id }})).", "https://a.example/(b{{ contact.id }})"),
        ("https://a.example/%%First Name%%/x?", "https://a.example/%%First Name%%/x"),
        ("https://a.example/?u=${id}, https:", "https://a.example/?u=${id}"),
    ] {
        for format in [Format::Text, Format::Markdown] {
            assert_eq!(found(content, format), [address], "{content}");
        }
    }
    assert_eq!(
        found("[l](https://a.example/?x={{ name }}&y=1)", Format::Markdown),
        ["https://a.example/?x={{ name }}&y=1"]
    );
    assert_eq!(found("[l](https://a.example/*|X|*)", Format::Markdown), ["https://a.example/*|X|*"]);
    let signs = find("[l](https://a.example/?x=<%= name %>&y=1)", Format::Markdown);
    assert_eq!((signs.places, signs.unplaced), (vec![], vec!["https://a.example/?x=<%= name %>&y=1".to_owned()]));
    let linear = |piece: &str, format| find(&piece.repeat(100_000), format);
    for piece in ["{{", "https://a.example/{{", "<%", "*|x", "https://a.example/*|x|*", "%%", "${"] {
        linear(piece, Format::Text);
        linear(piece, Format::Markdown);
    }
}

#[test]
fn in_html_the_links_are_found_and_their_entities_read() {
    for (content, expected) in [
        (
            r#"<a class=x href="https://a.example/?a=1&amp;b=2">https://t.example</a>"#,
            &["https://a.example/?a=1&amp;b=2 = https://a.example/?a=1&b=2"][..],
        ),
        (
            "<A\r\n HREF = 'https://a.example/\"x\"'\r\n>é</A><area href=https://b.example/x/>",
            &["https://a.example/\"x\"", "https://b.example/x/"],
        ),
        (
            "é\r\n<p>\r\n<a href=https://a.example/>x</a>\r\n<a title='>' href=\"https://b.example/\">",
            &["https://a.example/", "https://b.example/"],
        ),
        (
            r#"<a data-href="https://no.example" href="https://a.example" href="https://no.example">"#,
            &["https://a.example"],
        ),
        (r#"<a href=" https://a.example/ ">"#, &[" https://a.example/  = https://a.example/"]),
        (
            r##"<a href="/x"></a><a href="#x"></a><a href="mailto:a@b.example"></a><a href="//c.example"></a><a href></a><a>"##,
            &[],
        ),
        (
            r#"<img src="https://a.example/i.png"><link href="https://a.example/s.css"><form action="https://a.example">"#,
            &[],
        ),
        (r#"<script>"<a href='https://a.example'>"</script><style>a{}/*<a href="https://a.example">*/</style>"#, &[]),
        (r#"<title><a href="https://a.example"></title><textarea><a href="https://a.example"></textarea>"#, &[]),
        (r#"<!-- <a href="https://a.example"> --><!--[if mso]><a href="https://a.example"><![endif]-->"#, &[]),
        (
            r#"<!--[if !mso]><!--><a href="https://a.example"><!--<![endif]--><![if !mso]><a href="https://b.example"><![endif]>"#,
            &["https://a.example", "https://b.example"],
        ),
        (r#"<pre>https://a.example &lt;a href="https://a.example"&gt;</pre><code>https://a.example</code>"#, &[]),
        (
            r#"<noscript>x <a href="https://a.example">https://t.example</a></noscript><noscript><a href=https://b.example>"#,
            &["https://a.example", "https://b.example"],
        ),
        (
            r#"<noscript><style><a href="https://no.example"></style><!-- <a href="https://no.example"> --></noscript>"#,
            &[],
        ),
        (r#"<a href="https://a.example" <b href="https://no.example">"#, &["https://a.example"]),
        (r#"<a href="https://a.example"#, &[]),
        ("</a href=\"https://a.example\"><abbr href=\"https://a.example\">", &[]),
    ] {
        assert_eq!(found(content, Format::Html), expected, "{content}");
    }
}

#[test]
fn in_markdown_links_definitions_and_bare_addresses_are_found() {
    for (content, expected) in [
        (
            "[a](https://a.example/x) and [b](<https://b.example/y z> \"t\")",
            &["https://a.example/x", "https://b.example/y z"][..],
        ),
        ("[a [b] *c*](https://a.example/(x)) [](https://e.example)", &["https://a.example/(x)", "https://e.example"]),
        (
            "[`](`](https://a.example/?a=1&amp;b=2 't')",
            &["https://a.example/?a=1&amp;b=2 = https://a.example/?a=1&b=2"],
        ),
        ("[a](https://a.example/a\\_b)", &["https://a.example/a\\_b = https://a.example/a_b"]),
        (
            "[a][r] [R] ![i][pic]\n\n[r]: https://a.example/r 'see ]: x'\n[pic]: https://i.example/p.png\n",
            &["https://a.example/r"],
        ),
        ("[x\\]y]:\n   <https://a.example/>\n\n[x\\]y]", &["https://a.example/"]),
        ("<https://a.example/> <a@b.example> <mailto:a@b.example>", &["https://a.example/"]),
        ("![i](https://a.example/i.png) [![i](https://a.example/i.png)](https://b.example)", &["https://b.example"]),
        ("`https://a.example` ``https://a.example``\n\n    https://a.example\n\n```\nhttps://a.example\n```\n", &[]),
        (
            "**https://a.example/** (https://b.example/x_(y)), \"https://c.example\".",
            &["https://a.example/", "https://b.example/x_(y)", "https://c.example"],
        ),
        (
            "https://a.example/__init__.py https://a.example/*x*/y~",
            &["https://a.example/__init__.py", "https://a.example/*x*/y"],
        ),
        ("https://a.example/?a=1&amp;b=2&quot; x", &["https://a.example/?a=1&amp;b=2 = https://a.example/?a=1&b=2"]),
        ("[https://t.example](https://a.example) xhttps://a.example www.a.example https://", &["https://a.example"]),
        (
            "| a | b |\n|---|---|\n| https://a.example|https://b.example/|\n",
            &["https://a.example", "https://b.example/"],
        ),
        (
            "> quote https://a.example/q\n\n- item\n  [x](https://b.example)\n",
            &["https://a.example/q", "https://b.example"],
        ),
        ("---\nurl: https://a.example\n---\n\ntext https://b.example", &["https://b.example"]),
        (
            "x <a href=\"https://a.example\">https://t.example</a>\n\n<p>\n<a\nhref='https://b.example'>https://t.example\n</p>\n",
            &["https://a.example", "https://b.example"],
        ),
        ("見て https://a.example/x。次", &["https://a.example/x"]),
        ("# [a](https://a.example)\r\n\r\nhttps://b.example\r\n", &["https://a.example", "https://b.example"]),
        ("[a](/x) [b](mailto:a@b.example) [c](#d) [d](//e.example)", &[]),
    ] {
        assert_eq!(found(content, Format::Markdown), expected, "{content}");
    }
}

#[test]
fn one_destination_is_one_however_it_is_spelled() {
    let places = ["https://A.example", "https://b.example/", "https://a.example/"];
    let places =
        places.iter().enumerate().map(|(at, text)| (at * 100..at * 100 + text.len(), (*text).to_owned())).collect();
    let destinations = Destinations::of(places);
    assert_eq!(destinations.originals, ["https://A.example", "https://b.example/"]);
    assert_eq!(destinations.places.iter().map(|(_, at)| *at).collect::<Vec<_>>(), [0, 1, 0]);
}

/// Pieces out of which contents are made, most of them broken.
const PIECES: [&str; 46] = [
    "https://a.example/x",
    "http://b.example/?a=1&amp;b=2",
    "HTTPS://c.example",
    "<a href=\"",
    "<a href='",
    "<a href=",
    "\"",
    "'",
    ">",
    "</a>",
    "<area href=",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<style>",
    "<noscript>",
    "</noscript>",
    "<![CDATA[",
    "]]>",
    "&amp;",
    "&",
    "[",
    "](",
    ")",
    "(<",
    "]: ",
    "![",
    "`",
    "```\n",
    "\n",
    "\r\n",
    "    ",
    "*",
    "_",
    "\\",
    "|",
    "> ",
    "- ",
    "é",
    "。",
    "\0",
    "\u{feff}",
    " ",
    "<",
    "---\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_but_the_addresses(pieces in vec(select(&PIECES[..]), 0..40), format in select(vec![Format::Text, Format::Html, Format::Markdown])) {
        let content = pieces.concat();
        let findings = find(&content, format);
        let mut rest = String::new();
        let mut end = 0;
        for (range, address) in &findings.places {
            prop_assert!(range.start >= end && range.end <= content.len(), "in order, none within another");
            prop_assert!(address::is_http(address));
            prop_assert!(address::is_http(content[range.clone()].trim_start()) || format == Format::Html, "{content:?}");
            rest.push_str(&content[end..range.start]);
            end = range.end;
        }
        rest.push_str(&content[end..]);
        // spliced with nothing the rest is left, spliced with what was there all is as it came
        prop_assert_eq!(splice(&content, findings.places.iter().map(|(range, _)| (range.clone(), ""))), rest);
        let same = findings.places.iter().map(|(range, _)| (range.clone(), &content[range.clone()]));
        prop_assert_eq!(splice(&content, same), content.clone());
        // what was tracked is found again in its place, and nothing else
        let short = "https://s.example/abc";
        let spliced = splice(&content, findings.places.iter().map(|(range, _)| (range.clone(), short)));
        let again = find(&spliced, format);
        if format == Format::Html {
            prop_assert_eq!(again.places.len(), findings.places.len());
            prop_assert!(again.places.iter().all(|(range, _)| &spliced[range.clone()] == short));
        }
    }
}
