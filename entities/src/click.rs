//! A visit, stored once by (day, boot id, sequence number). Partitioned by day on PostgreSQL.

use sea_orm::entity::prelude::*;

/// A visit, stored once by (day, boot id, sequence number). Partitioned by day on PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "clicks")]
pub struct Model {
    /// Day of `at`, in UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i32,
    /// The click log that held it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub boot_id: Uuid,
    /// Its place in that log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// The click's id, UUID version 7.
    pub id: Uuid,
    /// When.
    pub at: i64,
    /// Whose link.
    pub tenant_id: Uuid,
    /// Which link.
    pub link_id: Uuid,
    /// The visitor of that day, a keyed hash.
    pub visitor: i64,
    /// Why it is not a person's click; `contract::click::Exclusion`.
    pub exclusion: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Region, where the database has it.
    pub region: Option<String>,
    /// City, where the database has it.
    pub city: Option<String>,
    /// Host of the referring page.
    pub referrer: Option<String>,
    /// `contract::click::Device`.
    pub device: String,
    /// Family of the browser.
    pub browser: Option<String>,
    /// Family of the operating system.
    pub os: Option<String>,
    /// First language of the visitor.
    pub language: Option<String>,
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
    /// Who was sent this link.
    pub uid: Option<String>,
    /// Other named parameters, [[name, value], ...].
    pub parameters: Json,
    /// Pixels that the page was to fire, [id, ...].
    pub pixels: Json,
    /// Pixels that were refused, [id, ...].
    pub refused: Json,
    /// `contract::click::Consent`; missing where no pixel depended on it.
    pub consent: Option<String>,
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
