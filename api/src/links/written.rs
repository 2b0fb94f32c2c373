//! How every transaction that writes links ends: addresses are counted up, webhooks and the audit log are told, and then it
//! is committed, all in one order for everybody. Operations say what they wrote ([`Written`]) and commit by
//! [`Written::commit`] alone, so that no write can go untold.

use super::{Link, slug};
use crate::{
    app::App,
    audit::{self, Deed},
    error::{Error, Mistake},
    invalidation::Changes,
    scope::TenantScope,
    webhooks::{event::Event, note},
};
use contract::address::Slug;
use sea_orm::{DatabaseTransaction, prelude::Uuid};
use std::collections::BTreeMap;

/// An address, as domain and slug, with the link that is there now.
type Address = (Uuid, String, Option<Uuid>);

/// What a transaction wrote about links of one tenant.
#[derive(Debug, Default)]
#[must_use = "what was written is told and committed by `commit`"]
pub(super) struct Written {
    addresses: Vec<Address>,
    links: Vec<note::Told>,
}

impl Written {
    /// Whether nothing was written.
    pub(super) const fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// A link was made, with these tags and pixels.
    pub(super) fn made(&mut self, link: &Link, tags: Vec<String>, pixel_ids: Vec<Uuid>) {
        self.addresses.push((link.domain_id, link.slug.clone(), Some(link.id)));
        self.tell(Event::LinkCreated, link, tags, pixel_ids);
    }

    /// A link was changed to this; before, it lived at `from`, a domain and a slug.
    pub(super) fn changed(&mut self, link: &Link, tags: Vec<String>, pixel_ids: Vec<Uuid>, from: (Uuid, String)) {
        self.addresses.push((from.0, from.1, None));
        self.addresses.push((link.domain_id, link.slug.clone(), Some(link.id)));
        self.tell(Event::LinkUpdated, link, tags, pixel_ids);
    }

    /// A link was deleted, with what hung on it.
    pub(super) fn deleted(&mut self, link: &Link, tags: Vec<String>, pixel_ids: Vec<Uuid>) {
        self.addresses.push((link.domain_id, link.slug.clone(), None));
        self.tell(Event::LinkDeleted, link, tags, pixel_ids);
    }

    fn tell(&mut self, event: Event, link: &Link, tags: Vec<String>, pixel_ids: Vec<Uuid>) {
        self.links.push(note::Told { event, link: link.clone(), tags, pixel_ids });
    }

    /// Notes all of it in its transaction, commits, and tells the redirectors.
    ///
    /// # Errors
    /// Of the database; then nothing was written.
    pub(super) async fn commit(
        self,
        app: &App,
        tx: DatabaseTransaction,
        scope: TenantScope,
        deed: Deed,
    ) -> Result<(), Error> {
        let mut changes = Changes::default();
        changes.slots(&tx, &app.clock, last_of_each(self.addresses)?).await?;
        note::links(app, &tx, scope.tenant_id(), self.links).await?;
        audit::record(&tx, &app.clock, scope, deed).await?;
        tx.commit().await?;
        app.publisher.publish(&app.db, &app.clock, changes).await;
        Ok(())
    }
}

/// Ends a part of a transaction that has a savepoint of its own: what it did stays, or with mistakes is undone alone. It
/// tells nobody: that is for the end of the whole.
///
/// # Errors
/// Of the database.
pub(super) async fn end_part<T>(
    part: DatabaseTransaction,
    done: Result<T, Error>,
) -> Result<Result<T, Vec<Mistake>>, Error> {
    match done {
        Ok(done) => {
            part.commit().await?;
            Ok(Ok(done))
        }
        Err(Error::Mistakes(mistakes)) => {
            part.rollback().await?;
            Ok(Err(mistakes))
        }
        Err(error) => Err(error),
    }
}

/// Each address once, in their own order, against deadlocks, with the link that moved in where one moved out.
fn last_of_each(addresses: Vec<Address>) -> Result<Vec<(Uuid, Slug, Option<Uuid>)>, Error> {
    let mut each: BTreeMap<(Uuid, String), Option<Uuid>> = BTreeMap::new();
    for (domain_id, slug, link_id) in addresses {
        let there = each.entry((domain_id, slug)).or_default();
        *there = link_id.or(*there);
    }
    each.into_iter().map(|((domain_id, slug), link_id)| Ok((domain_id, slug::parse(&slug)?, link_id))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_a_link_moves_into_is_not_empty() {
        let [domain, old, new] = [1, 2, 3].map(Uuid::from_u128);
        let at = |slug: &str, link| (domain, slug.to_owned(), link);
        let addresses = vec![at("y", Some(old)), at("x", None), at("x", Some(new)), at("w", None)];
        let kept: Vec<_> =
            last_of_each(addresses).unwrap().into_iter().map(|(_, slug, link)| (slug.to_string(), link)).collect();
        let expected = [("w", None), ("x", Some(new)), ("y", Some(old))];
        assert_eq!(kept, expected.map(|(slug, link)| (slug.to_owned(), link)));
    }
}
