//! Who sees what: one entry for each type that a query can come to, with a way to it. All its fields are seen as it is, but for
//! those that demand more. `$tenant` and the like stand for ids, and `@` for the fields.

/// What a field demands of whoever reaches it: a role in the tenant, and of an API key a scope.
pub(super) type Demand = (&'static str, &'static str);

pub(super) const LINKS: Demand = ("VIEWER", "links:read");
pub(super) const PIXELS: Demand = ("VIEWER", "pixels:read");
pub(super) const REPORTS: Demand = ("VIEWER", "reports:read");
pub(super) const MEMBERS: Demand = ("VIEWER", "members:write");
pub(super) const INVITATIONS: Demand = ("ADMIN", "members:write");
pub(super) const ADMIN: Demand = ("ADMIN", "tenant:admin");

/// Who sees something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sees {
    /// Anybody.
    Anybody,
    /// Whoever is known.
    Caller,
    /// Whoever has logged in; keys are refused.
    Person,
    /// Whoever has logged in; keys find nothing there.
    PersonAlone,
    /// An API key; who has logged in finds nothing there.
    KeyAlone,
    /// Members who meet these demands, one after the other.
    Members(&'static [Demand]),
}

/// A field that is not seen as its type is, or that takes arguments: its name, its arguments, and what it demands besides.
pub(super) type Special = (&'static str, &'static str, Sees);

/// A type.
pub(super) struct Entry {
    /// Its name.
    pub(super) kind: String,
    /// A query that comes to it.
    pub(super) way: String,
    /// Who comes there.
    pub(super) sees: Sees,
    /// Fields that demand more.
    pub(super) special: &'static [Special],
}

/// Types that no query comes to: parts of what mutations answer, seen by whoever may do that.
pub(super) const ANSWERS: [&str; 6] =
    ["CreateLinksResult", "PixelWarning", "Session", "TrackContentWarning", "TrackedLink", "UserError"];

/// Fields that tell a secret, once and to who has just made it; the types are those that mutations answer with.
pub(super) const TOLD_ONCE: [&str; 8] = [
    "ConfirmTotpPayload.recoveryCodes",
    "CreateApiKeyPayload.secret",
    "CreateWebhookPayload.secret",
    "RotateWebhookSecretPayload.secret",
    "Session.accessToken",
    "Session.refreshToken",
    "StartTotpPayload.otpauthUrl",
    "StartTotpPayload.secret",
];
/// Fields that sound like a secret and tell none.
pub(super) const NO_SECRETS: [&str; 3] = ["AuditEvent.hash", "AuditEvent.previousHash", "Webhook.previousSecretUntil"];

fn entry(kind: &str, way: &str, sees: Sees, special: &'static [Special]) -> Entry {
    Entry { kind: kind.to_owned(), way: way.to_owned(), sees, special }
}

/// A list with its edges and its items, and parts of the items: the type, the field of the item and fields that demand more.
fn list(kind: &str, way: &str, sees: Sees, special: &'static [Special], parts: &[(&str, &str)]) -> Vec<Entry> {
    let within = |inner: &str| way.replace('@', inner);
    let mut entries = vec![
        entry(&format!("{kind}Connection"), way, sees, &[]),
        entry(&format!("{kind}Edge"), &within("edges { @ }"), sees, &[]),
        entry(kind, &within("nodes { @ }"), sees, special),
    ];
    let part = |(kind, field): &(&str, &str)| entry(kind, &within(&format!("nodes {{ {field} {{ @ }} }}")), sees, &[]);
    entries.extend(parts.iter().map(part));
    entries
}

/// The table.
pub(super) fn table() -> Vec<Entry> {
    [tenant(), links(), reports(), administered(), viewer()].into_iter().flatten().collect()
}

fn of_tenant(field: &str) -> String {
    format!("tenant(id: \"$tenant\") {{ {field} {{ @ }} }}")
}

const EVERY_MEMBER: Sees = Sees::Members(&[]);

fn tenant() -> Vec<Entry> {
    let special: &[Special] = &[
        ("links", "", Sees::Members(&[LINKS])),
        ("domains", "", Sees::Members(&[LINKS])),
        ("pixels", "", Sees::Members(&[PIXELS])),
        ("pixelHealth", "", Sees::Members(&[PIXELS])),
        ("report", "", Sees::Members(&[REPORTS])),
        ("members", "", Sees::Members(&[MEMBERS])),
        ("invitations", "", Sees::Members(&[INVITATIONS])),
        ("apiKeys", "", Sees::Members(&[ADMIN])),
        ("webhooks", "", Sees::Members(&[ADMIN])),
        ("auditLog", "", Sees::Members(&[ADMIN])),
    ];
    let defaults: &[Special] = &[("domain", "", Sees::Members(&[LINKS])), ("pixels", "", Sees::Members(&[PIXELS]))];
    let usage: &[Special] = &[
        ("links", "", Sees::Members(&[LINKS])),
        ("linksThisMonth", "", Sees::Members(&[LINKS])),
        ("clicksThisMonth", "", Sees::Members(&[REPORTS])),
    ];
    vec![
        entry("Tenant", "tenant(id: \"$tenant\") { @ }", EVERY_MEMBER, special),
        entry("Policy", &of_tenant("policy"), EVERY_MEMBER, &[]),
        entry("ConsentPolicy", "tenant(id: \"$tenant\") { policy { consent { @ } } }", EVERY_MEMBER, &[]),
        entry("ConsentRegion", "tenant(id: \"$tenant\") { policy { consent { regions { @ } } } }", EVERY_MEMBER, &[]),
        entry("Branding", &of_tenant("branding"), EVERY_MEMBER, &[]),
        entry("PageText", "tenant(id: \"$tenant\") { branding { texts { @ } } }", EVERY_MEMBER, &[]),
        entry("LinkDefaults", &of_tenant("linkDefaults"), EVERY_MEMBER, defaults),
        entry("TenantUsage", &of_tenant("usage"), EVERY_MEMBER, usage),
        entry("TenantLimits", "tenant(id: \"$tenant\") { usage { limits { @ } } }", EVERY_MEMBER, &[]),
        entry("Network", "networks { @ }", Sees::Anybody, &[]),
        entry("NetworkIdField", "networks { idFields { @ } }", Sees::Anybody, &[]),
    ]
}

fn links() -> Vec<Entry> {
    const LINK: &[Special] = &[
        ("pixels", "", Sees::Members(&[PIXELS])),
        ("clicks", "", Sees::Members(&[REPORTS])),
        ("report", "", Sees::Members(&[REPORTS])),
    ];
    const PREVIEW: &[Special] = &[("pixels", "", Sees::Members(&[PIXELS]))];
    let (see_links, see_pixels) = (Sees::Members(&[LINKS]), Sees::Members(&[PIXELS]));
    let parts = [("Utm", "utm"), ("QueryForwarding", "queryForwarding"), ("LinkValue", "values"), ("Card", "card")];
    let preview = "previewInterstitial(linkId: \"$link\") { @ }";
    let mut entries = list("Link", &of_tenant("links"), see_links, LINK, &parts);
    entries.push(entry("Link", "link(id: \"$link\") { @ }", see_links, LINK));
    entries.push(entry("PageInfo", "tenant(id: \"$tenant\") { links { pageInfo { @ } } }", see_links, &[]));
    entries.extend(list("Domain", &of_tenant("domains"), see_links, &[], &[("DomainVerification", "verification")]));
    entries.extend(list("Pixel", &of_tenant("pixels"), see_pixels, &[], &[("PixelId", "ids")]));
    entries.push(entry("Pixel", "pixel(id: \"$pixel\") { @ }", see_pixels, &[]));
    entries.push(entry("PixelHealth", &of_tenant("pixelHealth"), see_pixels, &[]));
    entries.push(entry("InterstitialPreview", preview, see_links, PREVIEW));
    entries.push(entry("PreviewHeader", &preview.replace('@', "headers { @ }"), see_links, &[]));
    entries.push(entry("PreviewPixel", &preview.replace('@', "pixels { @ }"), Sees::Members(&[LINKS, PIXELS]), &[]));
    entries
}

fn reports() -> Vec<Entry> {
    const REPORT: &[Special] = &[
        ("breakdown", "(by: COUNTRY)", Sees::Members(&[REPORTS])),
        ("series", "(interval: DAY)", Sees::Members(&[REPORTS])),
    ];
    let see_reports = Sees::Members(&[REPORTS]);
    let see_clicks = Sees::Members(&[LINKS, REPORTS]);
    let within = |inner: &str| of_tenant("report").replace('@', inner);
    let mut entries = vec![
        entry("Report", &of_tenant("report"), see_reports, REPORT),
        entry("ReportTotals", &within("totals { @ }"), see_reports, &[]),
        entry("SeriesPoint", &within("series(interval: DAY) { @ }"), see_reports, &[]),
        entry("BreakdownRow", &within("breakdown(by: COUNTRY) { @ }"), see_reports, &[]),
        entry("Excluded", &within("excluded { @ }"), see_reports, &[]),
        // who sees a report sees the pixels that it is about
        entry("PixelDelivery", &within("delivery { @ }"), see_reports, &[]),
    ];
    let clicks = "link(id: \"$link\") { clicks { @ } }";
    let parts = [("ClickParameter", "parameters"), ("ClickPixel", "pixels")];
    entries.extend(list("Click", clicks, see_clicks, &[], &parts));
    entries
}

fn administered() -> Vec<Entry> {
    let admin = Sees::Members(&[ADMIN]);
    let deliveries = of_tenant("webhooks(first: 1)").replace('@', "nodes { deliveries { @ } }");
    [
        list("Member", &of_tenant("members"), Sees::Members(&[MEMBERS]), &[], &[("MemberUser", "user")]),
        list("Invitation", &of_tenant("invitations"), Sees::Members(&[INVITATIONS]), &[], &[]),
        list("ApiKey", &of_tenant("apiKeys"), admin, &[], &[]),
        list("Webhook", &of_tenant("webhooks"), admin, &[], &[]),
        list("WebhookDelivery", &deliveries, admin, &[], &[]),
        list("AuditEvent", &of_tenant("auditLog"), admin, &[], &[]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn viewer() -> Vec<Entry> {
    let special: &[Special] =
        &[("apiKeys", "", Sees::Person), ("auditLog", "", Sees::Person), ("sessions", "", Sees::Person)];
    let mut entries = vec![
        entry("Viewer", "viewer { @ }", Sees::Caller, special),
        entry("User", "viewer { user { @ } }", Sees::PersonAlone, &[]),
        entry("ApiKey", "viewer { apiKey { @ } }", Sees::KeyAlone, &[]),
        entry("Membership", "viewer { memberships { @ } }", Sees::Caller, &[]),
        entry("OpenSession", "viewer { sessions { @ } }", Sees::Person, &[]),
    ];
    entries.extend(list("ApiKey", "viewer { apiKeys { @ } }", Sees::Person, &[], &[]));
    entries.extend(list("AuditEvent", "viewer { auditLog { @ } }", Sees::Person, &[], &[]));
    entries
}
