//! An invitation into a tenant that nobody has taken yet.

use crate::membership::Role;
use sea_orm::entity::prelude::*;

/// An invitation into a tenant that nobody has taken yet. One that was taken or taken back is gone.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tenant.
    pub tenant_id: Uuid,
    /// Whom it is for, in lower case; one invitation a tenant.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// SHA-256 of the token in its link.
    pub token_hash: Vec<u8>,
    /// Who invites.
    pub invited_by: Uuid,
    /// When it was made, or made again.
    pub created_at: i64,
    /// It does not work from here on.
    pub expires_at: i64,
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
