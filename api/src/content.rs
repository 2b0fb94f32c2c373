//! Turns the outbound links of a post or an e-mail into tracked ones. What stands where is found by [`find`], which is
//! pure: it names ranges of bytes. Their replacements are spliced into the content as it came, so that nothing else of it
//! changes by a byte. All links of a content are made in one transaction, or none.

mod address;
mod html;
mod markdown;
mod text;

use crate::{
    app::App,
    domains,
    error::{Code, Error, Mistake, Mistakes},
    links::{self, Link, LinkChange},
    once::Once,
    scope::TenantScope,
};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

/// Largest content, in bytes.
pub const MAX_CONTENT: usize = 512 * 1024;
/// Most different destinations of a content.
pub const MAX_DESTINATIONS: usize = 500;
/// Most marks of a Markdown content: a parser keeps about a hundred bytes for each until it has read the last one.
pub const MAX_MARKS: usize = 65_536;

/// How a content is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Plain text.
    Text,
    /// HTML, a document or a part of one.
    Html,
    /// CommonMark with the extensions of GitHub.
    Markdown,
}

/// A link of the content that was tracked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedLink {
    /// What it became.
    pub link: Link,
    /// What it was, as it stood there first.
    pub original: String,
    /// In how many places.
    pub count: usize,
}

/// A link that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untracked {
    /// What it is.
    pub original: String,
    /// Why.
    pub message: String,
}

/// A content with tracked links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// The content with short addresses in the places of those that were tracked.
    pub content: String,
    /// The links, in the order in which they stand there first.
    pub links: Vec<TrackedLink>,
    /// What was left as it is though it leads out.
    pub untracked: Vec<Untracked>,
}

/// What was found in a content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Findings {
    /// Where addresses stand, and what they say; in order, and none within another.
    places: Vec<(Range<usize>, String)>,
    /// Addresses whose place cannot be told apart from what is around them.
    unplaced: Vec<String>,
}

/// Finds the http and https addresses that a reader of the content could follow.
fn find(content: &str, format: Format) -> Findings {
    let mut findings = match format {
        Format::Text => text::find(content),
        Format::Html => html::find(content),
        Format::Markdown => markdown::find(content),
    };
    findings.places.sort_by_key(|(range, _)| range.start);
    let mut end = 0;
    findings.places.retain(|(range, _)| {
        let free = range.start >= end;
        end = end.max(range.end);
        free
    });
    findings
}

/// The content with each range replaced; ranges in order, none within another.
fn splice<'a>(content: &str, replacements: impl IntoIterator<Item = (Range<usize>, &'a str)>) -> String {
    let (mut spliced, mut rest) = (String::with_capacity(content.len()), 0);
    for (range, replacement) in replacements {
        spliced.push_str(&content[rest..range.start]);
        spliced.push_str(replacement);
        rest = range.end;
    }
    spliced.push_str(&content[rest..]);
    spliced
}

/// The different destinations among the findings, each with its places.
struct Destinations {
    /// In the order in which they stand in the content first.
    originals: Vec<String>,
    /// Which of them stands in each place.
    places: Vec<(Range<usize>, usize)>,
}

impl Destinations {
    fn of(places: Vec<(Range<usize>, String)>) -> Self {
        let (mut known, mut originals, mut all) = (HashMap::new(), Vec::new(), Vec::new());
        for (range, address) in places {
            // two spellings of one address are one destination
            let key = url::Url::parse(&address).map_or_else(|_| address.clone(), String::from);
            let at = *known.entry(key).or_insert_with(|| {
                originals.push(address);
                originals.len() - 1
            });
            all.push((range, at));
        }
        Self { originals, places: all }
    }
}

/// Tracks a content: makes a link of each of its destinations, as `given` says besides, and puts their short addresses in
/// their places.
///
/// # Errors
/// `TOO_LONG` and `LIMIT_REACHED` in `content`; mistakes in `defaults`, and whatever else keeps links from being made; of
/// the database. Then nothing was made.
pub async fn track(
    app: &App,
    scope: TenantScope,
    content: String,
    format: Format,
    given: LinkChange,
    once: Option<Once>,
) -> Result<Tracked, Error> {
    let mut mistakes = Mistakes::default();
    let is_long = content.len() > MAX_CONTENT;
    if is_long {
        mistakes.add("content", Code::TooLong, format!("must be at most {MAX_CONTENT} bytes"));
    }
    let is_marked = format == Format::Markdown && !is_long && markdown::marks(&content) > MAX_MARKS;
    if is_marked {
        let rule = format!("must have at most {MAX_MARKS} brackets, stars, line breaks and other marks of Markdown");
        mistakes.add("content", Code::LimitReached, rule);
    }
    // half a megabyte takes a while: nobody else waits for it
    let find = move || (if is_long || is_marked { Findings::default() } else { find(&content, format) }, content);
    let finding = tokio::task::spawn_blocking(find).await;
    let (findings, content) = finding.map_err(|error| Error::Fault(format!("a content was not read: {error}")))?;
    let destinations = Destinations::of(findings.places);
    let count = destinations.originals.len();
    if count > MAX_DESTINATIONS {
        let rule = format!("must not lead to more than {MAX_DESTINATIONS} different destinations");
        mistakes.add("content", Code::LimitReached, rule);
    }
    if !(1..=MAX_DESTINATIONS).contains(&count) {
        // no link is made that would tell them
        let others = links::mistakes_of_all(app, scope, given.clone(), once.as_ref()).await?;
        others.into_iter().for_each(|mistake| mistakes.push(mistake));
        mistakes.check()?;
    }
    let to = |original: &String| LinkChange { destination: Some(original.clone()), ..given.clone() };
    let made = links::create_all(app, scope, destinations.originals.iter().map(to).collect(), once).await?;
    let unplaced = findings.unplaced.into_iter().map(|original| {
        let message = "its place in the content cannot be told apart from what is around it".to_owned();
        Untracked { original, message }
    });
    let (links, mut untracked) = told(app, scope, &destinations, made).await?;
    untracked.extend(unplaced);
    let short = addresses(app, scope, &links).await?;
    let replacement = |(range, at): &(Range<usize>, usize)| Some((range.clone(), short.get(at)?.as_str()));
    let content = splice(&content, destinations.places.iter().filter_map(replacement));
    Ok(Tracked { content, links: links.into_iter().map(|(_, tracked)| tracked).collect(), untracked })
}

/// The links that were made, each with the place of its destination, and what is to be said of the others. One that leads
/// to where this tenant's links live is one of these already: nothing is said of it.
async fn told(
    app: &App,
    scope: TenantScope,
    destinations: &Destinations,
    made: links::Results,
) -> Result<(Vec<(usize, TrackedLink)>, Vec<Untracked>), Error> {
    let own: HashSet<String> = domains::names_usable_by(&app.db, scope).await?;
    let (mut links, mut untracked) = (Vec::new(), Vec::new());
    for (at, (original, made)) in destinations.originals.iter().zip(made).enumerate() {
        let original = original.clone();
        match made {
            Ok(link) => {
                let count = destinations.places.iter().filter(|(_, destination)| *destination == at).count();
                links.push((at, TrackedLink { link, original, count }));
            }
            Err(_) if address::host(&original).is_some_and(|host| own.contains(&host)) => {}
            Err(mistakes) => untracked.push(Untracked { original, message: sentence(&mistakes) }),
        }
    }
    Ok((links, untracked))
}

fn sentence(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| mistake.message.as_str()).collect::<Vec<_>>().join("; ")
}

/// The short addresses of links, by the places of their destinations. They have letters, digits, `-`, `_`, `.`, `:` and
/// `/` alone: they stand in every format as they are.
async fn addresses(
    app: &App,
    scope: TenantScope,
    links: &[(usize, TrackedLink)],
) -> Result<HashMap<usize, String>, Error> {
    let ids: Vec<_> = links.iter().map(|(_, tracked)| tracked.link.domain_id).collect();
    let domains = domains::by_ids(&app.db, scope.tenant_id(), &ids).await?;
    let scheme = if app.rules.https { "https" } else { "http" };
    let address = |(at, tracked): &(usize, TrackedLink)| {
        let host = &domains.get(&tracked.link.domain_id)?.host;
        Some((*at, format!("{scheme}://{host}/{}", tracked.link.slug)))
    };
    Ok(links.iter().filter_map(address).collect())
}

#[cfg(test)]
mod tests;
