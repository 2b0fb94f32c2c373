//! What an operation demands of its caller: a role in the tenant, and of an API key a scope besides. The table of
//! [`Permission::needs`] is the whole of it. Pure.

use entities::membership::Role;
use std::fmt;

/// What the owner of an API key lets it do. To write includes to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyScope {
    /// Links, their tags and domains.
    LinksRead,
    /// Making and changing links.
    LinksWrite,
    /// Pixels and how they do.
    PixelsRead,
    /// Making and changing pixels.
    PixelsWrite,
    /// Reports and clicks.
    ReportsRead,
    /// Inviting, changing and removing members.
    MembersWrite,
    /// The tenant itself: policy, domains, webhooks, audit log.
    TenantAdmin,
    /// The schema, where introspection is off.
    SchemaRead,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::LinksRead,
        Self::LinksWrite,
        Self::PixelsRead,
        Self::PixelsWrite,
        Self::ReportsRead,
        Self::MembersWrite,
        Self::TenantAdmin,
        Self::SchemaRead,
    ];

    /// As it is stored and told: `links:read`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinksRead => "links:read",
            Self::LinksWrite => "links:write",
            Self::PixelsRead => "pixels:read",
            Self::PixelsWrite => "pixels:write",
            Self::ReportsRead => "reports:read",
            Self::MembersWrite => "members:write",
            Self::TenantAdmin => "tenant:admin",
            Self::SchemaRead => "schema:read",
        }
    }

    /// What includes it besides itself.
    const fn wider(self) -> Option<Self> {
        match self {
            Self::LinksRead => Some(Self::LinksWrite),
            Self::PixelsRead => Some(Self::PixelsWrite),
            _ => None,
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyScopes(u16);

impl KeyScopes {
    /// Whether it holds a scope, or a wider one.
    #[must_use]
    pub fn allow(self, scope: KeyScope) -> bool {
        self.has(scope) || scope.wider().is_some_and(|wider| self.has(wider))
    }

    /// Those of the set, in the order of [`KeyScope::ALL`].
    pub fn list(self) -> impl Iterator<Item = KeyScope> {
        KeyScope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    const fn has(self, scope: KeyScope) -> bool {
        self.0 & (1 << scope as u16) != 0
    }

    /// As it is stored: the names, with a space between.
    #[must_use]
    pub fn stored(self) -> String {
        self.list().map(KeyScope::name).collect::<Vec<_>>().join(" ")
    }

    /// Reads what was stored; names that are unknown allow nothing.
    #[must_use]
    pub fn of_stored(text: &str) -> Self {
        KeyScope::ALL.into_iter().filter(|scope| text.split(' ').any(|name| name == scope.name())).collect()
    }
}

impl FromIterator<KeyScope> for KeyScopes {
    fn from_iter<T: IntoIterator<Item = KeyScope>>(scopes: T) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | (1 << scope as u16)))
    }
}

/// What an operation on a tenant demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// To see that the tenant is there, with its name and policy.
    ReadTenant,
    /// To read links and domains.
    ReadLinks,
    /// To make, change and delete links.
    WriteLinks,
    /// To read pixels and how they do.
    ReadPixels,
    /// To make, change and delete pixels.
    WritePixels,
    /// To read reports and clicks.
    ReadReports,
    /// To see who else is a member.
    ReadMembers,
    /// To invite, change and remove members.
    WriteMembers,
    /// To change the tenant, its domains and webhooks, and to read its audit log.
    Administer,
    /// To give the tenant away or to delete it.
    Own,
}

impl Permission {
    /// The lowest role that may, and the scope that an API key needs besides; `None` where any key may whose tenants
    /// include this one.
    #[must_use]
    pub const fn needs(self) -> (Role, Option<KeyScope>) {
        match self {
            Self::ReadTenant => (Role::Viewer, None),
            Self::ReadLinks => (Role::Viewer, Some(KeyScope::LinksRead)),
            Self::WriteLinks => (Role::Editor, Some(KeyScope::LinksWrite)),
            Self::ReadPixels => (Role::Viewer, Some(KeyScope::PixelsRead)),
            Self::WritePixels => (Role::Editor, Some(KeyScope::PixelsWrite)),
            Self::ReadReports => (Role::Viewer, Some(KeyScope::ReportsRead)),
            Self::ReadMembers => (Role::Viewer, Some(KeyScope::MembersWrite)),
            Self::WriteMembers => (Role::Admin, Some(KeyScope::MembersWrite)),
            Self::Administer => (Role::Admin, Some(KeyScope::TenantAdmin)),
            Self::Own => (Role::Owner, Some(KeyScope::TenantAdmin)),
        }
    }

    /// All of them.
    const ALL: [Self; 10] = [
        Self::ReadTenant,
        Self::ReadLinks,
        Self::WriteLinks,
        Self::ReadPixels,
        Self::WritePixels,
        Self::ReadReports,
        Self::ReadMembers,
        Self::WriteMembers,
        Self::Administer,
        Self::Own,
    ];

    /// The first scope that an API key lacks to do what this role may; `None` where it may all of that.
    #[must_use]
    pub fn missing_for(role: Role, scopes: KeyScopes) -> Option<KeyScope> {
        // the order of the roles is their order of declaration: the mightiest first
        let needed = Self::ALL.into_iter().map(Self::needs).filter(|(least, _)| role <= *least);
        needed.filter_map(|(_, scope)| scope).find(|scope| !scopes.allow(*scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_write_includes_to_read_and_nothing_else() {
        let writes: KeyScopes = [KeyScope::LinksWrite].into_iter().collect();
        let allowed: Vec<_> = KeyScope::ALL.into_iter().filter(|scope| writes.allow(*scope)).collect();
        assert_eq!(allowed, [KeyScope::LinksRead, KeyScope::LinksWrite]);
        let reads: KeyScopes = [KeyScope::LinksRead].into_iter().collect();
        assert!(!reads.allow(KeyScope::LinksWrite));
        assert!(KeyScope::ALL.into_iter().all(|scope| !KeyScopes::default().allow(scope)));
    }

    #[test]
    fn what_is_stored_reads_back() {
        let all: KeyScopes = KeyScope::ALL.into_iter().collect();
        assert_eq!(KeyScopes::of_stored(&all.stored()), all);
        for scope in KeyScope::ALL {
            let one: KeyScopes = [scope].into_iter().collect();
            assert_eq!((one.stored().as_str(), KeyScopes::of_stored(scope.name())), (scope.name(), one));
        }
        assert_eq!(KeyScopes::of_stored("links links:readx  admin"), KeyScopes::default());
    }

    #[test]
    fn a_role_takes_every_scope_of_what_it_may() {
        use KeyScope::{LinksRead, LinksWrite, MembersWrite, PixelsRead, PixelsWrite, ReportsRead, TenantAdmin};
        let viewer = vec![LinksRead, PixelsRead, ReportsRead, MembersWrite];
        let editor = vec![LinksWrite, PixelsWrite, ReportsRead, MembersWrite];
        let admin = [editor.clone(), vec![TenantAdmin]].concat();
        for (role, scopes) in
            [(Role::Viewer, viewer), (Role::Editor, editor), (Role::Admin, admin.clone()), (Role::Owner, admin)]
        {
            let lacks = |scopes: Vec<KeyScope>| Permission::missing_for(role, scopes.into_iter().collect());
            assert_eq!(lacks(scopes.clone()), None, "{role:?}");
            for scope in &scopes {
                let others = scopes.iter().copied().filter(|other| other != scope).collect();
                let missing = lacks(others);
                assert!(
                    missing == Some(*scope) || missing.is_some_and(|read| read.wider() == Some(*scope)),
                    "{role:?}"
                );
            }
        }
        assert_eq!(Permission::missing_for(Role::Viewer, [MembersWrite].into_iter().collect()), Some(LinksRead));
    }
}
