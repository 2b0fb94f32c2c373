//! Who may do what: one entry for each field of `Query`, `Mutation` and `Subscription`, with an input that names everything it can name. In
//! an input `$link` and the like stand for ids, which the scenarios fill in.

use serde_json::{Value, json};

/// Whom a field answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Anybody.
    Nothing,
    /// A log-in; an API key of any scope where `keys` is true.
    Caller {
        /// Whether an API key will do.
        keys: bool,
    },
    /// A member of the tenant with this role or a mightier one, and of an API key this scope; `None` where any scope will do.
    Member(&'static str, Option<&'static str>),
}

/// A field and what it needs.
pub(super) struct Entry {
    /// `Query.link`.
    pub(super) field: &'static str,
    /// Who may.
    pub(super) needs: Needs,
    /// Arguments of a query, or the input of a mutation; null for a field that takes none.
    pub(super) input: Value,
    /// What is read of the answer.
    pub(super) selection: &'static str,
}

fn entry(field: &'static str, needs: Needs, input: Value, selection: &'static str) -> Entry {
    Entry { field, needs, input, selection }
}

const ACCOUNT: Needs = Needs::Caller { keys: false };
const LINKS: Needs = Needs::Member("EDITOR", Some("links:write"));
const PIXELS: Needs = Needs::Member("EDITOR", Some("pixels:write"));
const ADMIN: Needs = Needs::Member("ADMIN", Some("tenant:admin"));
const MEMBERS: Needs = Needs::Member("ADMIN", Some("members:write"));

/// The table.
pub(super) fn table() -> Vec<Entry> {
    [queries(), links(), tenants(), members(), webhooks(), accounts()].into_iter().flatten().collect()
}

fn queries() -> Vec<Entry> {
    let id = |what: &str| json!({ "id": what });
    vec![
        entry("Query.networks", Needs::Nothing, Value::Null, "{ key }"),
        entry("Query.viewer", Needs::Caller { keys: true }, Value::Null, "{ memberships { role } }"),
        entry("Query.link", Needs::Member("VIEWER", Some("links:read")), id("$link"), "{ id destination }"),
        entry(
            "Query.linkByAddress",
            Needs::Member("VIEWER", Some("links:read")),
            json!({ "domain": "$host", "slug": "$slug" }),
            "{ id }",
        ),
        entry(
            "Query.linkByExternalId",
            Needs::Member("VIEWER", Some("links:read")),
            json!({ "tenantId": "$tenant", "externalId": "nothing" }),
            "{ id }",
        ),
        entry("Query.pixel", Needs::Member("VIEWER", Some("pixels:read")), id("$pixel"), "{ id name }"),
        entry("Query.tenant", Needs::Member("VIEWER", None), id("$tenant"), "{ id name }"),
        entry("Query.node", Needs::Member("VIEWER", Some("links:read")), id("$link"), "{ id }"),
        entry(
            "Query.previewInterstitial",
            Needs::Member("VIEWER", Some("links:read")),
            json!({ "linkId": "$link" }),
            "{ decision }",
        ),
        entry(
            "Subscription.clickRecorded",
            Needs::Member("VIEWER", Some("reports:read")),
            json!({ "tenantId": "$tenant", "linkId": "$link" }),
            "{ id }",
        ),
    ]
}

fn links() -> Vec<Entry> {
    let id = |what: &str| json!({ "id": what });
    let link = json!({ "destination": "https://new.example.com/", "domainId": "$domain", "pixelIds": ["$pixel"] });
    let mut one = link.clone();
    one["tenantId"] = json!("$tenant");
    let changed = json!({ "id": "$link", "title": "changed", "domainId": "$domain", "pixelIds": ["$pixel"] });
    let ids = json!([{ "key": "pixel_id", "value": "246813579024680" }]);
    vec![
        entry("Mutation.createLink", LINKS, one, "link { id }"),
        entry(
            "Mutation.createLinks",
            LINKS,
            json!({ "tenantId": "$tenant", "links": [link] }),
            "results { index userErrors { code field } }",
        ),
        entry(
            "Mutation.trackContent",
            LINKS,
            json!({
                "tenantId": "$tenant",
                "content": "https://new.example.com/",
                "format": "TEXT",
                "defaults": { "domainId": "$domain", "pixelIds": ["$pixel"] },
            }),
            "content",
        ),
        entry("Mutation.updateLink", LINKS, changed, "link { id }"),
        entry("Mutation.archiveLink", LINKS, id("$link"), "link { id }"),
        entry("Mutation.restoreLink", LINKS, id("$link"), "link { id }"),
        entry("Mutation.deleteLink", LINKS, id("$link"), "deletedLinkId"),
        entry(
            "Mutation.createPixel",
            PIXELS,
            json!({ "tenantId": "$tenant", "network": "META", "name": "new", "ids": ids }),
            "pixel { id }",
        ),
        entry("Mutation.updatePixel", PIXELS, json!({ "id": "$pixel", "name": "changed" }), "pixel { id }"),
        entry("Mutation.deletePixel", PIXELS, id("$pixel"), "deletedPixelId"),
    ]
}

fn tenants() -> Vec<Entry> {
    let id = |what: &str| json!({ "id": what });
    let defaults = json!({ "domainId": "$domain", "pixelIds": ["$pixel"] });
    let changed = json!({ "id": "$tenant", "name": "changed", "linkDefaults": defaults });
    vec![
        entry("Mutation.createTenant", ACCOUNT, json!({ "name": "new" }), "tenant { name }"),
        entry("Mutation.updateTenant", ADMIN, changed, "tenant { id }"),
        entry(
            "Mutation.createDomain",
            ADMIN,
            json!({ "tenantId": "$tenant", "host": "go.new.example.com" }),
            "domain { id }",
        ),
        entry(
            "Mutation.updateDomain",
            ADMIN,
            json!({ "id": "$own", "fallback": "https://a.example.com/" }),
            "domain { id }",
        ),
        entry("Mutation.verifyDomain", ADMIN, id("$own"), "domain { id }"),
        entry("Mutation.deleteDomain", ADMIN, id("$own"), "deletedDomainId"),
        entry("Mutation.excludeApiKey", ADMIN, json!({ "tenantId": "$tenant", "id": "$key" }), "apiKey { id }"),
    ]
}

fn members() -> Vec<Entry> {
    let with = |extra: &str, value: &str| json!({ "tenantId": "$tenant", "userId": "$member", extra: value });
    let owner = Needs::Member("OWNER", Some("tenant:admin"));
    vec![
        entry(
            "Mutation.inviteMember",
            MEMBERS,
            json!({ "tenantId": "$tenant", "email": "new@example.com", "role": "VIEWER" }),
            "invitation { id }",
        ),
        entry("Mutation.revokeInvitation", MEMBERS, json!({ "id": "$invitation" }), "revokedInvitationId"),
        entry("Mutation.acceptInvitation", ACCOUNT, json!({ "token": "nonsense" }), "tenant { id }"),
        entry("Mutation.changeMemberRole", MEMBERS, with("role", "EDITOR"), "member { role }"),
        entry("Mutation.removeMember", MEMBERS, json!({ "tenantId": "$tenant", "userId": "$member" }), "removedUserId"),
        entry("Mutation.transferOwnership", owner, with("password", "wrong horse"), "member { role }"),
    ]
}

fn webhooks() -> Vec<Entry> {
    let id = |what: &str| json!({ "id": what });
    let new = json!({ "tenantId": "$tenant", "url": "https://new.example.com/", "events": ["LINK_CREATED"] });
    vec![
        entry("Mutation.createWebhook", ADMIN, new, "webhook { id }"),
        entry("Mutation.updateWebhook", ADMIN, json!({ "id": "$webhook", "enabled": false }), "webhook { id }"),
        entry("Mutation.deleteWebhook", ADMIN, id("$webhook"), "deletedWebhookId"),
        entry("Mutation.rotateWebhookSecret", ADMIN, id("$webhook"), "webhook { id }"),
        entry("Mutation.sendTestWebhook", ADMIN, id("$webhook"), "delivery { id }"),
        entry("Mutation.replayWebhookDelivery", ADMIN, id("$delivery"), "delivery { id }"),
    ]
}

fn accounts() -> Vec<Entry> {
    let code = json!({ "password": "wrong horse", "code": "000000" });
    let new = json!({ "name": "new", "scopes": ["LINKS_READ"], "tenantIds": ["$tenant"] });
    let passwords = json!({ "currentPassword": "wrong horse", "newPassword": "another horse" });
    let sign_up = json!({ "email": "nonsense", "password": "short", "tenantName": "" });
    let log_in = json!({ "email": "nobody@example.com", "password": "wrong horse" });
    let token = json!({ "refreshToken": "nonsense" });
    let reset = json!({ "token": "nonsense", "newPassword": "another horse" });
    vec![
        entry("Mutation.createApiKey", ACCOUNT, new, "apiKey { name }"),
        entry("Mutation.revokeApiKey", ACCOUNT, json!({ "id": "$key" }), "apiKey { id }"),
        entry("Mutation.revokeSession", ACCOUNT, json!({ "id": "$session" }), ""),
        entry("Mutation.revokeOtherSessions", ACCOUNT, Value::Null, ""),
        entry("Mutation.changePassword", ACCOUNT, passwords, ""),
        entry("Mutation.startTotp", ACCOUNT, Value::Null, "otpauthUrl"),
        entry("Mutation.confirmTotp", ACCOUNT, code.clone(), ""),
        entry("Mutation.disableTotp", ACCOUNT, code, ""),
        entry("Mutation.signUp", Needs::Nothing, sign_up, ""),
        entry("Mutation.logIn", Needs::Nothing, log_in, ""),
        entry("Mutation.logOut", Needs::Nothing, token.clone(), ""),
        entry("Mutation.refreshSession", Needs::Nothing, token, ""),
        entry("Mutation.requestPasswordReset", Needs::Nothing, json!({ "email": "nonsense" }), ""),
        entry("Mutation.resetPassword", Needs::Nothing, reset, ""),
    ]
}

/// Ids that fields below `Query` and `Mutation` take: where, a query of `$tenant` or `$link` with the id as `$id`, and what
/// the id is of.
pub(super) const NESTED: [(&str, &str, &str); 7] = [
    (
        "Tenant.links.filter.pixelId",
        "tenant(id: $tenant) { links(filter: { pixelId: $id }) { totalCount nodes { id } } }",
        "$pixel",
    ),
    (
        "Tenant.links.filter.domainId",
        "tenant(id: $tenant) { links(filter: { domainId: $id }) { totalCount nodes { id } } }",
        "$own",
    ),
    (
        "Tenant.auditLog.filter.userId",
        "tenant(id: $tenant) { auditLog(filter: { userId: $id }) { totalCount } }",
        "$user",
    ),
    (
        "Tenant.auditLog.filter.targetId",
        "tenant(id: $tenant) { auditLog(filter: { targetId: $id }) { totalCount } }",
        "$link",
    ),
    ("Viewer.auditLog.filter.userId", "viewer { auditLog(filter: { userId: $id }) { totalCount } }", "$user"),
    ("Viewer.auditLog.filter.targetId", "viewer { auditLog(filter: { targetId: $id }) { totalCount } }", "$key"),
    ("Report.delivery.pixelId", "tenant(id: $tenant) { report { delivery(pixelId: $id) { sent } } }", "$pixel"),
];
