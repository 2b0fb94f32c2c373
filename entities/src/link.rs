//! A link.

use sea_orm::entity::prelude::*;

/// Whether a link leads anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum State {
    /// It does.
    #[sea_orm(string_value = "ACTIVE")]
    Active,
    /// Its owner put it away.
    #[sea_orm(string_value = "ARCHIVED")]
    Archived,
    /// The operator switched it off.
    #[sea_orm(string_value = "DISABLED")]
    Disabled,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "links")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub tenant_id: Uuid,
    /// The domain it lives on.
    pub domain_id: Uuid,
    /// The path on it.
    pub slug: String,
    /// What another system calls it; unique within the tenant.
    pub external_id: Option<String>,
    /// Where it leads, with merge fields.
    pub destination: String,
    /// What it is called.
    pub title: Option<String>,
    /// Whether it leads anywhere.
    pub state: State,
    /// 404 before.
    pub starts_at: Option<i64>,
    /// 410, or the fallback, from then on.
    pub expires_at: Option<i64>,
    /// Where a refused visit goes.
    pub fallback: Option<String>,
    /// `contract::document::QueryForwarding`.
    pub forwarding: Json,
    /// Its `utm_source`.
    pub utm_source: Option<String>,
    /// Its `utm_medium`.
    pub utm_medium: Option<String>,
    /// Its `utm_campaign`.
    pub utm_campaign: Option<String>,
    /// Its `utm_term`.
    pub utm_term: Option<String>,
    /// Its `utm_content`.
    pub utm_content: Option<String>,
    /// Values stored with the link, by the name of their merge field.
    pub merge_values: Json,
    /// No pixel fires, not even a default one.
    pub without_pixels: bool,
    /// `contract::document::Card`.
    pub card: Option<Json>,
    /// Slug, title and destination in lower case, for the text filter.
    pub search_text: String,
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
