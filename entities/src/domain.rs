//! A host that serves links: one tenant's own, or shared by all where `tenant_id` is null. Any tenant may claim a host,
//! so a host may have many rows; at most one of them serves. What a host resolves to is what the row with the highest
//! `ver` says, the last that had it; a row that never had it has version 0.

use sea_orm::{Condition, DbBackend, QueryOrder, QuerySelect, Statement, entity::prelude::*};

/// How far the proof has come that a host belongs to a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum State {
    /// It was never there.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// It is there; also that of a shared domain, which needs none.
    #[sea_orm(string_value = "VERIFIED")]
    Verified,
    /// It was there and is gone.
    #[sea_orm(string_value = "LOST")]
    Lost,
}

/// A host that serves links: one tenant's own, or shared by all where `tenant_id` is null.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "domains")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its owner; null for a shared domain.
    pub tenant_id: Option<Uuid>,
    /// As `contract::address::Host` spells it.
    pub host: String,
    /// How far the proof has come.
    pub state: State,
    /// Whether it serves at all; a tenant's own only while it is verified.
    pub serving: bool,
    /// Where an unknown slug goes.
    pub fallback: Option<String>,
    /// Whether links of its owner go here when they name no domain; one of a tenant's at most.
    pub is_default: bool,
    /// Version of the host's document when this row last changed it; 0 for one that never did.
    pub ver: i64,
    /// What its DNS record must hold; null for a shared domain.
    pub token: Option<String>,
    /// When the record was last looked up.
    pub checked_at: Option<i64>,
    /// When it is looked up next.
    pub next_check_at: Option<i64>,
    /// Since when a verified domain's record is known to be missing.
    pub first_missing_at: Option<i64>,
    /// What was wrong at the last look.
    pub problem: Option<String>,
    /// When its owner gave it up: a tombstone, which keeps the version of the host's document.
    pub deleted_at: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Selects the domains that a tenant may put links on: its own and the shared ones, those that serve.
#[must_use]
pub fn usable_by(tenant_id: Uuid) -> Select<Entity> {
    let usable = Condition::any().add(Column::TenantId.eq(tenant_id)).add(Column::TenantId.is_null());
    Entity::find().filter(Column::Serving.eq(true)).filter(usable)
}

/// Selects a tenant's own domains, whether or not they serve.
#[must_use]
pub fn own_of(tenant_id: Uuid) -> Select<Entity> {
    Entity::find().filter(Column::TenantId.eq(tenant_id)).filter(Column::DeletedAt.is_null())
}

/// Selects what a tenant sees: its own domains, and the shared ones that serve.
#[must_use]
pub fn visible_to(tenant_id: Uuid) -> Select<Entity> {
    let shared = Condition::all().add(Column::TenantId.is_null()).add(Column::Serving.eq(true));
    let visible = Condition::any().add(Column::TenantId.eq(tenant_id)).add(shared);
    Entity::find().filter(Column::DeletedAt.is_null()).filter(visible)
}

/// Which of these hosts serve, and all that serve on a port of their own: whose they are is not told.
///
/// # Errors
/// Of the database.
pub async fn serving(db: &impl ConnectionTrait, hosts: &[&str]) -> Result<Vec<String>, DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        // the rows of others are kept back from who asks here
        let asked = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT host FROM stopover_serving($1) AS host",
            [hosts.join(",").into()],
        );
        let rows = db.query_all_raw(asked).await?;
        return rows.iter().map(|row| row.try_get_by_index(0)).collect();
    }
    let named = Condition::any().add(Column::Host.is_in(hosts.iter().copied())).add(Column::Host.like("%:%"));
    let found = Entity::find().filter(Column::Serving.eq(true)).filter(named);
    found.select_only().column(Column::Host).into_tuple().all(db).await
}

/// Selects the row that says what a host resolves to: the last that had it.
#[must_use]
pub fn last_of(host: &str) -> Select<Entity> {
    Entity::find().filter(Column::Host.eq(host)).filter(Column::Ver.gt(0)).order_by_desc(Column::Ver).limit(1)
}
