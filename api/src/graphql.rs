//! The contract with integrators: one file per noun, each a thin layer over operations. Nothing here knows how rows or
//! requests travel. [`http`](crate::http) runs documents through [`execute()`], and `schema.graphql` is [`sdl`].

pub mod account;
pub mod api_key;
pub mod audit;
pub mod branding;
pub mod click;
pub mod consent;
pub mod content;
pub mod context;
pub mod domain;
pub mod error;
pub mod execute;
mod guard;
pub mod id;
pub mod invitation;
mod left_out;
pub mod limits;
pub mod link;
pub mod loaders;
pub mod member;
mod mistakes;
pub mod network;
pub mod node;
pub mod open_session;
mod order;
pub mod page;
pub mod password_reset;
mod persisted;
pub mod pixel;
pub mod preview;
pub mod report;
pub mod scalars;
pub mod session;
mod skipped;
pub mod tenant;
pub mod viewer;
pub mod webhook;
mod zeros;

pub use execute::{
    Answer, Asking, Engine, TimedOut, execute,
    stream::{Event, Events, NotStreamed, subscribe},
};
pub use guard::Fault;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, SchemaBuilder};

/// What can be asked.
#[derive(Default, MergedObject)]
pub struct Query(
    link::LinkQuery,
    network::NetworkQuery,
    node::NodeQuery,
    pixel::PixelQuery,
    preview::PreviewQuery,
    tenant::TenantQuery,
    viewer::ViewerQuery,
);

/// What can be changed.
#[derive(Default, MergedObject)]
pub struct Mutation(
    account::AccountMutation,
    api_key::ApiKeyMutation,
    content::ContentMutation,
    domain::mutation::DomainMutation,
    invitation::InvitationMutation,
    link::LinkMutation,
    member::MemberMutation,
    open_session::OpenSessionMutation,
    password_reset::PasswordResetMutation,
    pixel::PixelMutation,
    session::SessionMutation,
    tenant::mutation::TenantMutation,
    webhook::mutation::WebhookMutation,
);

/// What can be heard of as it happens.
#[derive(Default, MergedSubscription)]
pub struct Subscription(click::live::ClickSubscription);

/// The contract with its operations behind it.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
}

/// Builds the schema. The API's parts come with each request, as whoever asks may use them, and so does whether the
/// schema itself may be asked for; `suggestions` says whether a mistyped name is answered with those that are there.
fn build(suggestions: bool) -> Schema {
    // all other limits are the guard's
    let builder = builder().limit_recursive_depth(execute::RECURSION);
    if suggestions { builder.finish() } else { builder.disable_suggestions().finish() }
}

/// The schema as text, sorted, so that the same schema is always the same text.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    builder().finish().sdl_with_options(options)
}
