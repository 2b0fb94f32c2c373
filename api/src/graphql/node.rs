//! `node(id)`: whatever has a global id, by it alone.

use super::{
    domain::{self, Domain},
    id::{self, Kind},
    link::{self, Link},
    pixel::{self, Pixel},
    tenant::{self, Tenant},
    webhook::{self, Webhook},
};
use async_graphql::{Context, ID, Interface, Object, Result};

/// Whatever can be found again by its id alone.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque and stable."))]
pub enum Node {
    /// A tenant.
    Tenant(Tenant),
    /// A link.
    Link(Box<Link>),
    /// A pixel.
    Pixel(Pixel),
    /// A domain.
    Domain(Domain),
    /// A webhook.
    Webhook(Box<Webhook>),
}

/// The query of the interface.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// A tenant, link, pixel, domain or webhook by its id; null for what does not exist, or not for this caller.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Any id that this API gave out.")] id: ID,
    ) -> Result<Option<Node>> {
        Ok(match id::decode_any(&id).map(|(kind, _)| kind) {
            Some(Kind::Tenant) => tenant::find(ctx, &id).await?.map(Node::from),
            Some(Kind::Link) => link::find(ctx, &id).await?.map(|link| Node::Link(Box::new(link))),
            Some(Kind::Pixel) => pixel::find(ctx, &id).await?.map(Node::from),
            Some(Kind::Domain) => domain::find(ctx, &id).await?.map(Node::from),
            Some(Kind::Webhook) => webhook::find(ctx, &id).await?.map(|webhook| Node::Webhook(Box::new(webhook))),
            Some(
                Kind::User
                | Kind::Click
                | Kind::ApiKey
                | Kind::AuditEvent
                | Kind::Session
                | Kind::Invitation
                | Kind::WebhookDelivery,
            )
            | None => {
                // the same answer as for an id that was never given out, to a stranger too
                super::context::caller(ctx)?;
                None
            }
        })
    }
}
