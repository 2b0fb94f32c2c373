//! What the role that acts for callers may do, table by table. What stands in no line it may not do: it reads no password,
//! no token that a log-in is renewed by and no key that signs, and what stands in an audit log it can neither change nor
//! take out. A new table gets its line here.

/// Tables, and the rights in them as PostgreSQL writes them: in the order of the alphabet, columns as well.
pub const RIGHTS: [(&str, &str); 28] = [
    // columns of users: a lock needs the right to change one, and the policies let none be changed
    ("users", "SELECT (created_at, email, id), UPDATE (id)"),
    ("sessions", "SELECT, UPDATE (revoked_at)"),
    ("second_factors", "DELETE, INSERT, SELECT, UPDATE"),
    ("recovery_codes", "DELETE, INSERT, SELECT, UPDATE (used_at)"),
    ("throttles", "INSERT, SELECT, UPDATE"),
    ("api_keys", "INSERT, SELECT, UPDATE (revoked_at)"),
    ("api_key_tenants", "INSERT, SELECT"),
    ("tenants", "SELECT, UPDATE"),
    ("memberships", "SELECT, UPDATE (role)"),
    ("invitations", "DELETE, INSERT, SELECT, UPDATE"),
    ("domains", "DELETE, INSERT, SELECT, UPDATE"),
    ("slots", "INSERT, SELECT, UPDATE"),
    ("links", "DELETE, INSERT, SELECT, UPDATE"),
    ("link_tags", "DELETE, INSERT, SELECT"),
    ("link_pixels", "DELETE, INSERT, SELECT"),
    ("links_by_month", "INSERT, SELECT, UPDATE"),
    ("pixels", "DELETE, INSERT, SELECT, UPDATE"),
    ("clicks", "SELECT"),
    ("receipts", "SELECT"),
    ("rollups", "SELECT"),
    ("webhooks", "DELETE, INSERT, SELECT, UPDATE"),
    // locked, against being cleared away meanwhile
    ("webhook_messages", "INSERT, SELECT, UPDATE (id)"),
    ("webhook_deliveries", "INSERT, SELECT, UPDATE"),
    ("audit_events", "INSERT, SELECT"),
    ("audit_heads", "INSERT, SELECT, UPDATE"),
    ("idempotency_keys", "DELETE, INSERT, SELECT, UPDATE"),
    // what is to be announced and sent: written for others to read
    ("outbox", "INSERT"),
    ("mails", "INSERT"),
];

/// Functions that run as the tables' owner, which nobody else may call: each tells a caller one thing that the policies
/// would keep back.
pub(crate) const FUNCTIONS: [&str; 4] =
    ["stopover_reach()", "stopover_serving(text)", "stopover_astray(uuid,uuid[])", "stopover_own_key(uuid)"];
