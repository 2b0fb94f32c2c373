//! A log-in: the family of its refresh tokens.

use sea_orm::entity::prelude::*;

/// A log-in: the family of its refresh tokens.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who logged in.
    pub user_id: Uuid,
    /// When it was made.
    pub created_at: i64,
    /// No token of the family works from here on.
    pub expires_at: i64,
    /// Ended by log-out, from another session, by a new password or by a refresh token that was used twice.
    pub revoked_at: Option<i64>,
    /// When it was begun or refreshed last; missing in rows older than the column.
    pub last_used_at: Option<i64>,
    /// What the device said of itself then, at most 200 characters.
    pub user_agent: Option<String>,
    /// Where it was then: a network such as 203.0.113.0/24, never one address.
    pub ip_address: Option<String>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
