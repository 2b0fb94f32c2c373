//! What costs more than other fields, and how many rows lists have that take no `first`. A test fails for such a list of the
//! schema that stands in neither table, so that whoever makes one says what bounds it.

use super::{Bucket, Given};
use crate::{
    auth::open_sessions,
    clicks::report::{MOST_DAYS, MOST_DAYS_BY_HOUR},
    content::MAX_DESTINATIONS,
    links::{
        MAX_AT_ONCE,
        check::{MAX_LINK_PIXELS, MAX_NAMES},
    },
    tenants::consent::MAX_REGIONS,
};
use contract::{
    branding::MAX_TEXTS,
    clock::{DAY, HOUR},
    document::MAX_PIXELS,
};

/// Dearer fields, in tenths.
pub(super) const DEARER: [(&str, u64); 31] = [
    // a password is hashed
    ("Mutation.signUp", 1_000),
    ("Mutation.logIn", 1_000),
    ("Mutation.changePassword", 1_000),
    ("Mutation.confirmTotp", 1_000),
    ("Mutation.disableTotp", 1_000),
    ("Mutation.resetPassword", 1_000),
    ("Mutation.transferOwnership", 1_000),
    // a mail is sent
    ("Mutation.requestPasswordReset", 100),
    ("Mutation.inviteMember", 100),
    ("Mutation.refreshSession", 50),
    ("Mutation.logOut", 50),
    ("Mutation.createLinks", 100),
    ("Mutation.trackContent", 100),
    // a redirector is asked
    ("Query.previewInterstitial", 20),
    ("Viewer.sessions", 10),
    ("User.totpEnabled", 5),
    ("Tenant.report", 10),
    ("Tenant.pixelHealth", 100),
    ("Tenant.linkDefaults", 5),
    ("TenantUsage.links", 20),
    ("TenantUsage.linksThisMonth", 20),
    ("TenantUsage.clicksThisMonth", 20),
    ("Link.report", 10),
    ("Link.shortUrl", 2),
    // up to 20 texts
    ("Link.tags", 7),
    // a body of up to 256 KiB
    ("WebhookDelivery.payload", 20),
    ("Report.totals", 20),
    ("Report.series", 50),
    ("Report.breakdown", 20),
    ("Report.delivery", 20),
    ("Report.excluded", 20),
];

/// Lists of objects that take no `first`, and the most rows that they have.
pub(super) const LISTS: [(&str, u64); 16] = [
    ("Branding.texts", MAX_TEXTS as u64),
    ("Click.parameters", 16),
    // its own ones and those of the tenant
    ("Click.pixels", MAX_PIXELS as u64),
    ("ConsentPolicy.regions", MAX_REGIONS as u64),
    // the fields of a page's answer
    ("InterstitialPreview.headers", 32),
    ("InterstitialPreview.pixels", MAX_PIXELS as u64),
    ("Link.pixels", MAX_LINK_PIXELS as u64),
    ("Link.values", MAX_NAMES as u64),
    ("LinkDefaults.pixels", MAX_LINK_PIXELS as u64),
    ("Network.idFields", IDS),
    ("Pixel.ids", IDS),
    // the catalogue, with room for what comes to it
    ("Query.networks", 40),
    // by day; other dimensions have fewer
    ("Report.delivery", DAYS),
    ("Report.excluded", 7),
    ("Tenant.pixelHealth", MAX_PIXELS as u64),
    ("Viewer.sessions", open_sessions::MOST),
];

/// Days that the longest report touches.
const DAYS: u64 = MOST_DAYS as u64 + 2;

/// Most ids that a network of the catalogue has.
const IDS: u64 = 4;

/// Lists of a report whose length goes by an argument and by the report's range.
pub(super) const BY_ARGUMENT: [(&str, &str, &[Bucket]); 1] = [(
    "Report.series",
    "interval",
    &[
        Bucket { value: "HOUR", shortest: HOUR as u64, most: (MOST_DAYS_BY_HOUR as u64 + 1) * 24 + 2 },
        Bucket { value: "DAY", shortest: DAY as u64, most: DAYS },
        Bucket { value: "WEEK", shortest: 7 * DAY as u64, most: DAYS / 7 + 2 },
        Bucket { value: "MONTH", shortest: 28 * DAY as u64, most: DAYS / 28 + 2 },
    ],
)];

/// Lists that are as long as what is given in an input.
pub(super) const GIVEN: [(&str, Given); 2] = [
    ("Mutation.createLinks", Given { path: ["input", "links"], each: 1, most: MAX_AT_ONCE as u64 }),
    // no address is shorter than `http://a`
    ("Mutation.trackContent", Given { path: ["input", "content"], each: 8, most: MAX_DESTINATIONS as u64 }),
];

/// Lists of what is wrong or odd with an input: never more than it has values, which the body's own limits count.
pub(super) const TOLD_OF_INPUTS: [&str; 3] = ["UserError", "PixelWarning", "TrackContentWarning"];
