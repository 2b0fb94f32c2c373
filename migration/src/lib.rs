//! The schema's history. It imports nothing of ours: what a migration says stays as it was when it ran. The same
//! migrations run on PostgreSQL and SQLite, up and down.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

mod m20261101_000001_accounts;
mod m20261101_000002_links;
mod m20261101_000003_clicks;
mod m20261124_000004_domains;
mod m20261124_000005_health;
mod m20261124_000006_consent;
mod m20261125_000007_sessions;
mod m20261125_000009_api_keys;
mod m20261125_000010_audit;
mod m20261126_000020_team;
mod m20261126_000030_programs;
mod m20261126_000031_quotas;
mod m20261126_000040_webhooks;
mod m20261127_000050_tenants_apart;
mod m20261128_000060_rows_of_users;
mod rights;
mod role;
mod types;

pub use rights::RIGHTS;
pub use role::{open_to_tenants, role};

/// Runs the migrations, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261101_000001_accounts::Migration),
            Box::new(m20261101_000002_links::Migration),
            Box::new(m20261101_000003_clicks::Migration),
            Box::new(m20261124_000004_domains::Migration),
            Box::new(m20261124_000005_health::Migration),
            Box::new(m20261124_000006_consent::Migration),
            Box::new(m20261125_000007_sessions::Migration),
            Box::new(m20261125_000009_api_keys::Migration),
            Box::new(m20261125_000010_audit::Migration),
            Box::new(m20261126_000020_team::Migration),
            Box::new(m20261126_000030_programs::Migration),
            Box::new(m20261126_000031_quotas::Migration),
            Box::new(m20261126_000040_webhooks::Migration),
            Box::new(m20261127_000050_tenants_apart::Migration),
            Box::new(m20261128_000060_rows_of_users::Migration),
        ]
    }
}

/// Whether all of the schema's history ran in this database.
///
/// # Errors
/// Of the database.
pub async fn is_current(db: &sea_orm_migration::sea_orm::DatabaseConnection) -> Result<bool, DbErr> {
    Ok(Migrator::get_pending_migrations(db).await?.is_empty())
}

/// Brings the schema up to date, and lets the role that acts for callers use it. Of processes that do so at once one comes
/// after the other; where the role is missing and may not be made, nothing is changed. Needs two connections.
///
/// # Errors
/// Of the database; as [`open_to_tenants`].
pub async fn up(db: &sea_orm_migration::sea_orm::DatabaseConnection) -> Result<(), DbErr> {
    let turn = role::make(db).await?;
    Migrator::up(db, None).await?;
    role::give_rights(turn).await
}
