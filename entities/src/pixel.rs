//! A pixel of a tenant.

use sea_orm::entity::prelude::*;

/// How a pixel fires where its network offers a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Mode {
    /// As an image where there is one, else by script.
    #[sea_orm(string_value = "AUTO")]
    Auto,
    /// By the network's script.
    #[sea_orm(string_value = "SCRIPT")]
    Script,
}

/// A pixel of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pixels")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// Key of the network in the catalogue.
    pub network: String,
    /// What its owner calls it.
    pub name: String,
    /// Its ids in the network, by field.
    pub ids: Json,
    /// How it fires.
    pub mode: Mode,
    /// Whether it fires on every link of the tenant.
    pub is_default: bool,
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
