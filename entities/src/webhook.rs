//! An address of a tenant that is told of events.

use sea_orm::entity::prelude::*;

/// Why a webhook is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum DisabledBy {
    /// A member switched it off.
    #[sea_orm(string_value = "MEMBER")]
    Member,
    /// The receiver answered 410 Gone.
    #[sea_orm(string_value = "GONE")]
    Gone,
    /// No attempt worked for days.
    #[sea_orm(string_value = "FAILING")]
    Failing,
}

/// An address of a tenant that is told of events.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// Where events go.
    pub url: String,
    /// Names of the events it is told of, with a space between.
    pub events: String,
    /// What its secret is derived from, beside the key of this server.
    pub salt: Vec<u8>,
    /// The same of the secret before.
    pub previous_salt: Option<Vec<u8>>,
    /// Until when the secret before signs beside the new one.
    pub previous_until: Option<i64>,
    /// When the first attempt failed after which none worked.
    pub failing_since: Option<i64>,
    /// Nothing is sent from here on; null while it is on.
    pub disabled_at: Option<i64>,
    /// Why; null while it is on.
    pub disabled_by: Option<DisabledBy>,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl crate::TenantOwned for Entity {
    fn tenant_column() -> Column {
        Column::TenantId
    }
}
