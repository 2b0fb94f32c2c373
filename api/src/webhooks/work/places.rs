//! The places for attempts of one process. A receiver that is slow or dead must not hold up the others: none has more than a
//! few places, and all of those that fail have a quarter of them between them. Pure.

use std::collections::HashMap;
use tokio::task::Id;
use uuid::Uuid;

/// Attempts under way in one process.
const ALL: usize = 128;
/// Of them to webhooks that are failing: each may take all of an attempt's time.
const FAILING: usize = 32;

/// How a webhook does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its last attempt worked, or there was none.
    Working,
    /// Its last attempt failed.
    Failing,
}

impl Kind {
    /// Both, those that work first.
    pub(super) const ALL: [Self; 2] = [Self::Working, Self::Failing];

    /// Attempts under way to one webhook.
    pub(super) const fn to_one(self) -> usize {
        match self {
            Self::Working => 4,
            Self::Failing => 1,
        }
    }
}

/// Who has which place.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<Id, (Uuid, Kind)>);

impl Places {
    /// Gives the place of a task to a webhook.
    pub(super) fn take(&mut self, task: Id, webhook_id: Uuid, kind: Kind) {
        self.0.insert(task, (webhook_id, kind));
    }

    /// The task has ended.
    pub(super) fn leave(&mut self, task: Id) {
        self.0.remove(&task);
    }

    /// How many places there are for webhooks that do so.
    pub(super) fn free(&self, kind: Kind) -> usize {
        let free = ALL.saturating_sub(self.0.len());
        let failing = self.0.values().filter(|(_, kind)| *kind == Kind::Failing).count();
        match kind {
            Kind::Working => free,
            Kind::Failing => free.min(FAILING.saturating_sub(failing)),
        }
    }

    /// How many places each webhook has.
    pub(super) fn busy(&self) -> HashMap<Uuid, usize> {
        let mut busy = HashMap::new();
        for (webhook_id, _) in self.0.values() {
            *busy.entry(*webhook_id).or_default() += 1;
        }
        busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_that_fail_leave_places_for_the_others() {
        let mut places = Places::default();
        let mut tasks = Vec::new();
        for number in 0..FAILING {
            let task = tokio::spawn(async {}).id();
            places.take(task, Uuid::from_u128(number as u128 / 2), Kind::Failing);
            tasks.push(task);
        }
        assert_eq!((places.free(Kind::Failing), places.free(Kind::Working)), (0, ALL - FAILING));
        assert_eq!(places.busy(), (0..FAILING as u128 / 2).map(|number| (Uuid::from_u128(number), 2)).collect());
        places.leave(tasks[0]);
        assert_eq!((places.free(Kind::Failing), places.free(Kind::Working)), (1, ALL - FAILING + 1));
        for _ in 0..ALL - FAILING {
            places.take(tokio::spawn(async {}).id(), Uuid::nil(), Kind::Working);
        }
        assert_eq!((places.free(Kind::Failing), places.free(Kind::Working)), (1, 1));
    }
}
