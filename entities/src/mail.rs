//! A mail that waits to be sent; one that was sent is gone.

use sea_orm::entity::prelude::*;

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Kind {
    /// Somebody is invited into a tenant.
    #[sea_orm(string_value = "INVITATION")]
    Invitation,
    /// Somebody forgot a password, if there is an account at all.
    #[sea_orm(string_value = "PASSWORD_RESET")]
    PasswordReset,
}

/// A mail that waits to be sent. What it says is composed when it leaves.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// Whom it goes to, in lower case.
    pub recipient: String,
    /// What the token of its link is derived from, with a secret that no row holds.
    pub salt: Vec<u8>,
    /// When it was made.
    pub created_at: i64,
    /// When it is tried next.
    pub next_try_at: i64,
    /// How often it was tried.
    pub tries: i32,
    /// When it was given up; null while it is not.
    pub dead_at: Option<i64>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
