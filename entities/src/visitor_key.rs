//! The secret of a day, under which visitors are hashed; shared by all redirectors.

use sea_orm::entity::prelude::*;

/// The secret of a day, under which visitors are hashed; shared by all redirectors.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "visitor_keys")]
pub struct Model {
    /// The day, in UTC.
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i32,
    /// 32 random bytes.
    pub key: Vec<u8>,
}

/// No relations are declared: a join is written where it is needed, with its tenant.
#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

use sea_orm::{ActiveValue::Set, sea_query::OnConflict};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Reads the key of a day.
///
/// # Errors
/// Of the database; a key of another length is one too.
pub async fn load(db: &impl ConnectionTrait, day: i32) -> Result<Option<[u8; KEY_BYTES]>, DbErr> {
    let Some(row) = Entity::find_by_id(day).one(db).await? else { return Ok(None) };
    row.key.try_into().map(Some).map_err(|_| DbErr::Type(format!("the key of day {day} has not {KEY_BYTES} bytes")))
}

/// Offers a key for a day and gives the one that counts: the first that was offered.
///
/// # Errors
/// Of the database.
pub async fn insert_if_absent(
    db: &impl ConnectionTrait,
    day: i32,
    key: [u8; KEY_BYTES],
) -> Result<[u8; KEY_BYTES], DbErr> {
    let row = ActiveModel { day: Set(day), key: Set(key.to_vec()) };
    Entity::insert(row)
        .on_conflict(OnConflict::column(Column::Day).do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    load(db, day).await?.ok_or_else(|| DbErr::RecordNotFound(format!("the key of day {day}")))
}

/// Forgets the keys of earlier days: from then on nobody can tell who those visitors were.
///
/// # Errors
/// Of the database.
pub async fn delete_before(db: &impl ConnectionTrait, day: i32) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::Day.lt(day)).exec(db).await.map(drop)
}
