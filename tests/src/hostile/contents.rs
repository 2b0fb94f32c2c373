//! Contents that a parser of HTML, Markdown or plain text takes long for, if it looks back, or ahead, at every step: each is
//! as long as a content may be.

/// Longest content, in bytes.
const MOST: usize = 512 * 1024;

/// Contents, by name and format.
#[must_use]
pub fn all() -> Vec<(&'static str, &'static str, String)> {
    let fill = |part: &str| part.repeat(MOST / part.len());
    let begun = |start: &str, part: &str| format!("{start}{}", part.repeat((MOST - start.len()) / part.len()));
    let numbered = |part: &str| {
        let mut text = String::new();
        let mut number = 0;
        while text.len() < MOST - 64 {
            text.push_str(&part.replace('#', &number.to_string()));
            number += 1;
        }
        text
    };
    vec![
        ("HTML of opening brackets", "HTML", fill("<")),
        ("HTML of opening tags", "HTML", fill("<a ")),
        ("HTML of links that do not end", "HTML", fill("<a href=\"")),
        ("HTML of nested elements", "HTML", fill("<b>")),
        ("HTML with a comment that does not end", "HTML", begun("<!--", "<!-- --")),
        ("HTML with a script that does not end", "HTML", begun("<script>", "</scrip")),
        ("HTML with an attribute that does not end", "HTML", begun("<a href=\"", "https://a.example/")),
        ("HTML of attributes", "HTML", begun("<a ", "x=1 ")),
        ("HTML of references", "HTML", begun("<a href=\"", "&amp;&#x41;")),
        ("HTML of many links", "HTML", numbered("<a href=\"https://#.example/\">x</a>")),
        ("HTML of one link", "HTML", fill("<a href=\"https://a.example/\">x</a>")),
        ("HTML of no link", "HTML", fill("<a href=\"\">x</a>")),
        ("Markdown of opening brackets", "MARKDOWN", fill("[")),
        ("Markdown of brackets", "MARKDOWN", fill("[](")),
        ("Markdown of pictures", "MARKDOWN", fill("![")),
        ("Markdown of nested links", "MARKDOWN", fill("[a](b")),
        ("Markdown of links that do not end", "MARKDOWN", fill("[a](<b")),
        ("Markdown of emphasis", "MARKDOWN", fill("*a **b ")),
        ("Markdown of underscores", "MARKDOWN", fill("_a__ ")),
        ("Markdown of quotes", "MARKDOWN", fill("> ")),
        ("Markdown of nested lists", "MARKDOWN", fill("- ")),
        ("Markdown of a list that goes deeper", "MARKDOWN", deeper()),
        ("Markdown of backticks", "MARKDOWN", ticks()),
        ("Markdown with code that does not end", "MARKDOWN", begun("```\n", "~~~\n``\n")),
        ("Markdown of angle brackets", "MARKDOWN", fill("<a")),
        ("Markdown of comments", "MARKDOWN", fill("<!-- ")),
        ("Markdown of declarations", "MARKDOWN", fill("<!A ")),
        ("Markdown of instructions", "MARKDOWN", fill("<?")),
        ("Markdown of definitions", "MARKDOWN", numbered("[#]: https://#.example/\n")),
        ("Markdown of references to no definition", "MARKDOWN", fill("[a][b]")),
        ("Markdown of one definition and its references", "MARKDOWN", begun("[a]: https://a.example/\n\n", "[a]")),
        ("Markdown of tables", "MARKDOWN", begun("|a|\n|-|\n", "||")),
        ("Markdown of escapes", "MARKDOWN", fill("\\[")),
        ("Markdown of addresses", "MARKDOWN", fill("http://a.example ")),
        ("Markdown of names", "MARKDOWN", fill("www.a")),
        ("Markdown of entities", "MARKDOWN", fill("&#x41;&amp")),
        ("Markdown of footnotes", "MARKDOWN", numbered("[^#]: [^#]\n")),
        ("text of one address", "TEXT", fill("https://a.example ")),
        ("text of many addresses", "TEXT", numbered("https://#.example ")),
        ("text of schemes", "TEXT", fill("https://")),
        ("text that is one address", "TEXT", begun("https://a.example/", "a(b")),
        ("text of dots", "TEXT", begun("https://", "a.")),
        ("text of at signs", "TEXT", fill("a@")),
        ("text of brackets", "TEXT", begun("https://a.example/", "((")),
        ("text of colons", "TEXT", fill("a:")),
        ("text of combining marks", "TEXT", begun("a", "\u{301}")),
    ]
}

/// A list in which every item stands deeper than the one before.
fn deeper() -> String {
    let mut text = String::new();
    let mut depth = 0;
    while text.len() + depth + 3 < MOST {
        text.push_str(&" ".repeat(depth));
        text.push_str("- a\n");
        depth += 2;
    }
    text
}

/// Runs of backticks, each of another length than all before.
fn ticks() -> String {
    let mut text = String::new();
    let mut length = 1;
    while text.len() + length + 2 < MOST {
        text.push_str(&"`".repeat(length));
        text.push('a');
        length += 1;
    }
    text
}
