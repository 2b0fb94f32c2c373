//! Inputs of mutations: each is taken when it is good, and each of its mistakes is named by its field, all of them at once,
//! with no effect. A table for each mutation says what is told of what; [`coverage`] holds the tables to the schema.

mod accounts;
mod bounds;
mod changes;
mod coverage;
mod domains;
mod fields;
mod kept;
mod keys;
mod links;
mod pixels;
mod questions;
mod stage;
mod table;
mod team;
mod tenants;
mod webhooks;

use crate::world::{World, in_both};
use stage::Stage;
use table::Table;

in_both!(
    arguments_of_questions,
    counts_are_bounded,
    inputs_of_domains,
    inputs_of_keys_and_webhooks,
    inputs_of_links,
    inputs_of_teams,
    inputs_of_tenants_and_pixels
);
in_both!(&[("MAIL_FROM", "stopover@example.com"), ("PUBLIC_URL", "https://app.example.com")] => inputs_of_accounts);

/// All the tables.
fn tables() -> Vec<Table> {
    [
        accounts::tables(),
        bounds::tables(),
        domains::tables(),
        keys::tables(),
        links::tables(),
        pixels::tables(),
        team::tables(),
        tenants::tables(),
        webhooks::tables(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn arguments_of_questions(world: &mut World) {
    questions::play(&Stage::new(world).await).await;
}

async fn counts_are_bounded(world: &mut World) {
    let mut stage = Stage::new(world).await;
    bounds::play(&mut stage).await;
}

async fn inputs_of_accounts(world: &mut World) {
    let mut stage = Stage::new(world).await;
    accounts::play(&mut stage, world).await;
}

async fn inputs_of_domains(world: &mut World) {
    let mut stage = Stage::new(world).await;
    domains::furnish(&mut stage, world).await;
    stage.play(&domains::tables()).await;
}

async fn inputs_of_keys_and_webhooks(world: &mut World) {
    let mut stage = Stage::new(world).await;
    keys::furnish(&mut stage).await;
    webhooks::furnish(&mut stage, world).await;
    stage.play(&keys::tables()).await;
    stage.play(&webhooks::tables()).await;
}

async fn inputs_of_links(world: &mut World) {
    let mut stage = Stage::new(world).await;
    links::furnish(&mut stage, world).await;
    pixels::furnish(&mut stage).await;
    domains::furnish(&mut stage, world).await;
    stage.play(&links::tables()).await;
}

async fn inputs_of_teams(world: &mut World) {
    let mut stage = Stage::new(world).await;
    team::furnish(&mut stage, world).await;
    stage.play(&team::tables()).await;
}

async fn inputs_of_tenants_and_pixels(world: &mut World) {
    let mut stage = Stage::new(world).await;
    pixels::furnish(&mut stage).await;
    domains::furnish(&mut stage, world).await;
    tenants::furnish(&stage).await;
    stage.play(&tenants::tables()).await;
    stage.play(&pixels::tables()).await;
}
