//! The events that webhooks can be told of, and sets of them as they are stored. Pure.

use crate::scope::Permission;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A link was made.
    LinkCreated,
    /// A link was changed, archived or restored.
    LinkUpdated,
    /// A link was deleted.
    LinkDeleted,
    /// The end of a link has come.
    LinkExpired,
    /// Visits were stored.
    ClickRecorded,
    /// A pixel fires on fewer visits than the tenant asks for.
    PixelUnhealthy,
    /// Nothing: somebody wants to see whether messages arrive. No webhook is set up for it, and every one gets it.
    Test,
}

impl Event {
    /// Those that a webhook can be set up for.
    pub const ALL: [Self; 6] = [
        Self::LinkCreated,
        Self::LinkUpdated,
        Self::LinkDeleted,
        Self::LinkExpired,
        Self::ClickRecorded,
        Self::PixelUnhealthy,
    ];

    /// The `type` of its messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkCreated => "link.created",
            Self::LinkUpdated => "link.updated",
            Self::LinkDeleted => "link.deleted",
            Self::LinkExpired => "link.expired",
            Self::ClickRecorded => "click.recorded",
            Self::PixelUnhealthy => "pixel.unhealthy",
            Self::Test => "webhook.test",
        }
    }

    /// What who is told of it must be allowed besides [`Permission::Administer`].
    #[must_use]
    pub const fn needs(self) -> Permission {
        match self {
            Self::LinkCreated | Self::LinkUpdated | Self::LinkDeleted | Self::LinkExpired => Permission::ReadLinks,
            Self::ClickRecorded => Permission::ReadReports,
            Self::PixelUnhealthy => Permission::ReadPixels,
            Self::Test => Permission::Administer,
        }
    }

    /// The event of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Test]).find(|event| event.name() == name)
    }

    /// The events of what was stored, each once; names that are unknown are left out.
    #[must_use]
    pub fn of_stored(text: &str) -> Vec<Self> {
        Self::ALL.into_iter().filter(|event| event.is_in(text)).collect()
    }

    /// Whether it is among those that were stored.
    #[must_use]
    pub fn is_in(self, stored: &str) -> bool {
        stored.split(' ').any(|name| name == self.name())
    }

    /// A set of events as it is stored: their names, with a space between.
    #[must_use]
    pub fn stored(events: &[Self]) -> String {
        let chosen = Self::ALL.into_iter().filter(|event| events.contains(event));
        chosen.map(Self::name).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_each_event_once() {
        assert_eq!(Event::of_stored(&Event::stored(&Event::ALL)), Event::ALL);
        let stored = Event::stored(&[Event::LinkDeleted, Event::LinkCreated, Event::LinkCreated]);
        assert_eq!(stored, "link.created link.deleted");
        assert_eq!(Event::of_stored("link.deleted link link.created.more"), [Event::LinkDeleted]);
        assert!(!Event::Test.is_in(&Event::stored(&Event::ALL)));
    }
}
