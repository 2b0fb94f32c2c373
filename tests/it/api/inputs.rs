//! Inputs of mutations: each is taken when it is good, and each of its mistakes is named by its field, all of them at once,
//! with no effect. A table for each mutation says what is told of what; [`coverage`] holds the tables to the schema.

mod accounts;
mod changes;
mod domains;
mod fields;
mod kept;
mod keys;
mod links;
mod pixels;
mod stage;
mod table;
mod team;
mod tenants;
mod webhooks;

use crate::world::{World, in_both};
use stage::Stage;
use table::Table;

in_both!(
    inputs_of_domains,
    inputs_of_keys_and_webhooks,
    inputs_of_links,
    inputs_of_teams,
    inputs_of_tenants_and_pixels
);
in_both!(&[("MAIL_FROM", "stopover@example.com")] => inputs_of_accounts);

/// All the tables.
fn tables() -> Vec<Table> {
    [
        accounts::tables(),
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
    stage.play(&tenants::tables()).await;
    stage.play(&pixels::tables()).await;
}
