//! Whole contents with their links tracked: the mutation `trackContent`.

use super::{
    context,
    error::{UserError, answer},
    link::{Group, Link, LinkFields},
    tenant::scope_of,
};
use crate::{
    content::{self, Format, Tracked},
    scope::{Permission, TenantScope},
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

/// How a content is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Format")]
pub enum ContentFormat {
    /// Plain text. Links are addresses with `http://` or `https://` before them, not names that start with `www.` alone;
    /// a full stop, comma, bracket or quotation mark behind one is none of it.
    Text,
    /// HTML, a document or a part of one. Links are the `href` of `<a>` and `<area>`, not addresses in its text.
    Html,
    /// Markdown, as CommonMark and GitHub have it. Links are inline links, reference definitions (but for those of images),
    /// addresses in angle brackets or bare ones, and the links of raw HTML; nothing in code, and no image.
    Markdown,
}

/// Input of `trackContent`.
#[derive(InputObject)]
pub struct TrackContentInput {
    /// The tenant.
    tenant_id: ID,
    /// A post or an e-mail, at most 512 KiB in UTF-8, with at most 500 different destinations; Markdown with at most 65,536
    /// brackets, stars, line breaks and other marks.
    content: String,
    /// How it is written.
    format: ContentFormat,
    /// What all its links are besides; what is left out comes from the tenant's `linkDefaults`.
    defaults: Option<LinkFields>,
    /// Makes a call that is sent again have its effect once: within 24 hours the same key with the same input answers as
    /// the first time, and with another input it is `INVALID`. 1 to 255 characters, unique in the tenant.
    idempotency_key: Option<String>,
}

/// A link of a content that was tracked.
#[derive(SimpleObject)]
pub struct TrackedLink {
    /// The link that it became.
    link: Link,
    /// The address that it was, as it stands in the content first.
    original: String,
    /// In how many places of the content it stands.
    count: usize,
}

/// A link of a content that was left as it is.
#[derive(SimpleObject)]
pub struct TrackContentWarning {
    /// The address.
    original: String,
    /// Why it cannot be tracked, as a sentence for people.
    message: String,
}

/// Answer of `trackContent`.
#[derive(SimpleObject)]
pub struct TrackContentPayload {
    /// The content, with short addresses where tracked links stood and every other byte as it came; null when there are
    /// `userErrors`.
    content: Option<String>,
    /// Its tracked links, at most 500, in the order in which they stand there first.
    links: Vec<TrackedLink>,
    /// Its links that were left as they are, because their destinations break a rule.
    warnings: Vec<TrackContentWarning>,
    /// The mistakes of the input; empty when it worked. When there are some, no link was made.
    user_errors: Vec<UserError>,
}

impl TrackContentPayload {
    fn of(scope: TenantScope, tracked: Tracked) -> Self {
        let group = Group::of(scope, tracked.links.iter().map(|tracked| &tracked.link));
        let link = |tracked: content::TrackedLink| TrackedLink {
            link: Link::of_group(scope, tracked.link, group.clone()),
            original: tracked.original,
            count: tracked.count,
        };
        let warning = |left: content::Untracked| TrackContentWarning { original: left.original, message: left.message };
        Self {
            content: Some(tracked.content),
            links: tracked.links.into_iter().map(link).collect(),
            warnings: tracked.untracked.into_iter().map(warning).collect(),
            user_errors: Vec::new(),
        }
    }

    const fn failed(user_errors: Vec<UserError>) -> Self {
        Self { content: None, links: Vec::new(), warnings: Vec::new(), user_errors }
    }
}

/// Mutations of contents.
#[derive(Default)]
pub struct ContentMutation;

#[Object]
impl ContentMutation {
    /// Turns every outbound http and https link of a post or an e-mail into a tracked one, the same destination into one
    /// link. Links to the tenant's own or shared short domains, relative ones, `mailto:` and `tel:` stay as they are. All
    /// of its links are made, or none. A placeholder of a mail program within an address is part of the destination.
    /// Needs the role EDITOR and the scope `links:write`.
    async fn track_content(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The content.")] input: TrackContentInput,
    ) -> Result<TrackContentPayload> {
        let scope = match answer(ctx, scope_of(ctx, &input.tenant_id, Permission::WriteLinks, "tenantId").await?)? {
            Ok(scope) => scope,
            Err(user_errors) => return Ok(TrackContentPayload::failed(user_errors)),
        };
        let once = context::once(ctx, input.idempotency_key)?;
        let given = input.defaults.unwrap_or_default().into();
        let app = context::app(ctx)?;
        let tracked = content::track(app, scope, input.content, input.format.into(), given, once).await;
        Ok(match answer(ctx, tracked)? {
            Ok(tracked) => TrackContentPayload::of(scope, tracked),
            Err(user_errors) => TrackContentPayload::failed(user_errors),
        })
    }
}
