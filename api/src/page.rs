//! Pages of lists by keyset: a page starts after (or ends before) the sort key and id of a row, so that it costs the same
//! however far it lies and never repeats a row when others come or go. Operations take a [`Page`] and give a [`Window`];
//! the GraphQL layer makes the one from arguments and a connection from the other.

use crate::error::{Code, Error};
use sea_orm::{
    ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, SimpleExpr, Value},
};
use serde::{Deserialize, Serialize};

/// Most rows of a page.
pub const MAX: u32 = 100;
/// Rows of a page when nobody says how many.
pub const DEFAULT: u32 = 20;

/// The value that a row is sorted by, before its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// By its id alone.
    Id,
    /// By a number, such as an instant.
    Number(i64),
}

/// The place of a row in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(
    /// The name of the order that the place is in; see [`Sort::name`].
    pub String,
    /// The row's value in that order.
    pub Key,
    /// The row's id.
    pub Uuid,
);

/// Which end of a list a page is cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The first rows.
    Start,
    /// The last rows.
    Finish,
}

/// A part of a list; never more than [`MAX`] rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    size: u32,
    end: End,
    after: Option<Cursor>,
    before: Option<Cursor>,
}

impl Page {
    /// At most `size` rows from one end of what lies after `after` and before `before`.
    #[must_use]
    pub fn new(size: u32, end: End, after: Option<Cursor>, before: Option<Cursor>) -> Self {
        Self { size: Ord::min(size, MAX), end, after, before }
    }

    /// The first `size` rows.
    #[must_use]
    pub fn first(size: u32) -> Self {
        Self::new(size, End::Start, None, None)
    }

    /// How many rows at most.
    #[must_use]
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// Reads the page out of what `select` finds; any order of `select` itself is replaced.
    ///
    /// # Errors
    /// `INVALID` in `after` or `before` for a cursor of another order; of the database.
    pub async fn fetch<E: EntityTrait>(
        &self,
        db: &impl ConnectionTrait,
        select: Select<E>,
        sort: &Sort<E::Model>,
    ) -> Result<Window<E::Model>, Error> {
        let rows = self.cut(select, sort)?.all(db).await?;
        Ok(self.window(rows, |row| sort.cursor(row)))
    }

    /// The same, with a row of another table beside each, which `select` joins.
    ///
    /// # Errors
    /// As [`Page::fetch`].
    pub async fn fetch_also<E: EntityTrait, F: EntityTrait>(
        &self,
        db: &impl ConnectionTrait,
        select: Select<E>,
        sort: &Sort<E::Model>,
        other: F,
    ) -> Result<Window<(E::Model, Option<F::Model>)>, Error> {
        let rows = self.cut(select, sort)?.select_also(other).all(db).await?;
        Ok(self.window(rows, |(row, _)| sort.cursor(row)))
    }

    /// What is between the cursors, in order, and one row more than the page holds.
    fn cut<E: EntityTrait>(&self, mut select: Select<E>, sort: &Sort<E::Model>) -> Result<Select<E>, Error> {
        for (argument, cursor, forwards) in [("after", &self.after, true), ("before", &self.before, false)] {
            if let Some(cursor) = cursor {
                select = select.filter(sort.beyond(cursor, forwards, argument)?);
            }
        }
        // from the far end the list is read in reverse, and the page turned round afterwards
        let reverse = self.end == End::Finish;
        let order = if sort.descending == reverse { Order::Asc } else { Order::Desc };
        QuerySelect::query(&mut select).clear_order_by();
        if let Some((by, _)) = &sort.by {
            select = select.order_by(by.clone(), order.clone());
        }
        Ok(select.order_by(sort.id.clone(), order).limit(u64::from(self.size) + 1))
    }

    /// Makes the window of rows that were read: one more than the page holds tells that there are others.
    fn window<T>(&self, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Window<T> {
        let size = self.size as usize;
        let more = rows.len() > size;
        rows.truncate(size);
        let (has_previous, has_next) = match self.end {
            // the row that a cursor names is one of them
            End::Start => (self.after.is_some(), more || self.before.is_some()),
            End::Finish => {
                rows.reverse();
                (more || self.after.is_some(), self.before.is_some())
            }
        };
        let rows = rows.into_iter().map(|row| (cursor(&row), row)).collect();
        Window { rows, has_previous, has_next }
    }
}

/// What is sorted by, and its value in a row.
pub type By<M> = (SimpleExpr, fn(&M) -> Key);

/// An order that a list can be read in. Rows that have the same key are ordered by id, so that the order is total.
pub struct Sort<M> {
    /// Names the order in cursors, so that a cursor of one order is refused in another.
    pub name: &'static str,
    /// What is sorted by before the id, never null in SQL; `None` for the id alone.
    pub by: Option<By<M>>,
    /// The column of the id.
    pub id: SimpleExpr,
    /// The id of a row.
    pub id_of: fn(&M) -> Uuid,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl<M> Sort<M> {
    fn cursor(&self, row: &M) -> Cursor {
        let key = self.by.as_ref().map_or(Key::Id, |(_, key)| key(row));
        Cursor(self.name.to_owned(), key, (self.id_of)(row))
    }

    /// What lies on one side of a cursor: `(key, id) > (k, i)`, spelled so that both databases use an index.
    fn beyond(&self, Cursor(name, key, id): &Cursor, forwards: bool, argument: &str) -> Result<SimpleExpr, Error> {
        let wrong = || Error::mistake(argument, Code::Invalid, "is no cursor of this list in this order");
        if name != self.name {
            return Err(wrong());
        }
        let greater = forwards != self.descending;
        let past = |side: &SimpleExpr, value: Value| {
            let side = side.clone();
            if greater { side.gt(Expr::val(value)) } else { side.lt(Expr::val(value)) }
        };
        let past_id = past(&self.id, Value::from(*id));
        let value = match (&self.by, key) {
            (None, Key::Id) => return Ok(past_id),
            (Some(_), Key::Number(number)) => Value::from(*number),
            _ => return Err(wrong()),
        };
        let Some((by, _)) = &self.by else { return Ok(past_id) };
        let same = by.clone().eq(Expr::val(value.clone()));
        Ok(past(by, value).or(same.and(past_id)))
    }
}

/// The rows of a page, each with its cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window<T> {
    /// In the order of the list.
    pub rows: Vec<(Cursor, T)>,
    /// Whether there are rows before the first one.
    pub has_previous: bool,
    /// Whether there are rows after the last one.
    pub has_next: bool,
}

impl<T> Window<T> {
    /// Turns every row into something else.
    pub fn map<U>(self, mut turn: impl FnMut(T) -> U) -> Window<U> {
        let rows = self.rows.into_iter().map(|(cursor, row)| (cursor, turn(row))).collect();
        Window { rows, has_previous: self.has_previous, has_next: self.has_next }
    }

    /// Turns every row into something else, or fails with the first that cannot be turned.
    ///
    /// # Errors
    /// What `turn` answered.
    pub fn try_map<U, E>(self, mut turn: impl FnMut(T) -> Result<U, E>) -> Result<Window<U>, E> {
        let rows = self.rows.into_iter().map(|(cursor, row)| Ok((cursor, turn(row)?))).collect::<Result<_, E>>()?;
        Ok(Window { rows, has_previous: self.has_previous, has_next: self.has_next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(descending: bool) -> Sort<u128> {
        Sort { name: "id", by: None, id: Expr::col("id"), id_of: |row| Uuid::from_u128(*row), descending }
    }

    fn numbers(window: &Window<u128>) -> Vec<u128> {
        window.rows.iter().map(|(_, row)| *row).collect()
    }

    #[test]
    fn a_row_too_many_tells_that_there_are_others() {
        let sort = sort(false);
        let window = Page::first(2).window(vec![1, 2, 3], |row| sort.cursor(row));
        assert_eq!((numbers(&window), window.has_previous, window.has_next), (vec![1, 2], false, true));
        let after = Some(Cursor("id".to_owned(), Key::Id, Uuid::from_u128(2)));
        let window = Page::new(2, End::Start, after, None).window(vec![3], |row| sort.cursor(row));
        assert_eq!((numbers(&window), window.has_previous, window.has_next), (vec![3], true, false));
    }

    #[test]
    fn a_page_from_the_far_end_is_turned_round() {
        let window = Page::new(2, End::Finish, None, None).window(vec![9, 8, 7], |row| sort(false).cursor(row));
        assert_eq!((numbers(&window), window.has_previous, window.has_next), (vec![8, 9], true, false));
    }

    #[test]
    fn a_page_never_exceeds_its_cap_and_refuses_a_cursor_of_another_order() {
        assert_eq!(Page::first(1_000).size(), MAX);
        let sort = sort(true);
        for (name, key) in [("title", Key::Id), ("id", Key::Number(1))] {
            let cursor = Cursor(name.to_owned(), key, Uuid::nil());
            assert!(matches!(sort.beyond(&cursor, true, "after"), Err(Error::Mistakes(_))));
        }
    }
}
