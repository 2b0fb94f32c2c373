//! An owner of links, pixels and reports, with its policy for visits.

use sea_orm::entity::prelude::*;

/// An owner of links, pixels and reports, with its policy for visits.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Shown on its pages.
    pub name: String,
    /// Whether its links are served.
    pub active: bool,
    /// Version of its document: counts every change of the tenant and of its pixels.
    pub ver: i64,
    /// Longest wait of a page, 300 to 5,000 ms.
    pub budget_ms: i32,
    /// Share of visits that wait for the networks, in hundredths of a percent.
    pub confirm_share: i32,
    /// Whether a Global Privacy Control signal refuses pixels.
    pub honour_gpc: bool,
    /// `Referrer-Policy` of its pages.
    pub referrer_policy: String,
    /// Share of confirmed visits below which a pixel is unhealthy, in hundredths of a percent.
    pub health_threshold: i32,
    /// Where pixels need consent, `contract::consent::ConsentPolicy`; what holds out of the box when it is missing.
    pub consent: Option<Json>,
    /// How its pages look and speak, `contract::branding::Branding`.
    pub branding: Option<Json>,
    /// What its links are when nobody says otherwise, of the API's own shape; nothing when it is missing.
    pub link_defaults: Option<Json>,
    /// When it was made.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Counts one up the version of a tenant's document and gives the new version. Must run in the transaction that changes
/// the tenant or one of its pixels.
///
/// # Errors
/// Of the database; `RecordNotUpdated` when there is no such tenant.
pub async fn bump(tx: &impl ConnectionTrait, tenant_id: Uuid) -> Result<i64, DbErr> {
    let rows = Entity::update_many()
        .col_expr(Column::Ver, crate::plus_one(Column::Ver))
        .filter(Column::Id.eq(tenant_id))
        .exec_with_returning(tx)
        .await?;
    rows.first().map(|row| row.ver).ok_or(DbErr::RecordNotUpdated)
}
